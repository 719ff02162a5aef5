package assets

import (
	"embed"
	"io/fs"
	"slices"
)

//go:embed models/manifest.json
var modelManifest []byte

//go:embed models/agentid_resnet_half_v0.dat models/mmod_empty.dat
var builtinModels embed.FS

// ModelManifest is the manifest of the models that the product can use, for
// models.Parse.
func ModelManifest() []byte { return slices.Clone(modelManifest) }

// BuiltinModels holds the files of the built-in model, by their names in the
// manifest.
func BuiltinModels() fs.FS {
	sub, err := fs.Sub(builtinModels, "models")
	if err != nil { // not for a constant, valid path
		return embed.FS{}
	}
	return sub
}
