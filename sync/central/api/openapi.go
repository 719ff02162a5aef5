package api

import (
	"encoding/json"
	"net/http"
	"reflect"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"agentid/sync/protocol"
)

type object = map[string]any

// statusOf is the status that a code of a refusal comes with.
var statusOf = map[protocol.Code]int{
	protocol.CodeMalformed: 400, protocol.CodeBadRequest: 400, protocol.CodeVersion: 400, protocol.CodeInvalidGrant: 400, protocol.CodeClock: 400,
	protocol.CodeUnauthorised: 401, protocol.CodeUnknown: 401, protocol.CodeRevoked: 403, protocol.CodeForbidden: 403, protocol.CodeCode: 403,
	protocol.CodeNotFound: 404, protocol.CodeTimeout: 408, protocol.CodeConflict: 409, protocol.CodeNoObject: 409, protocol.CodeWrongObject: 409,
	protocol.CodeErased: 410, protocol.CodeTooLarge: 413, protocol.CodeMediaType: 415, protocol.CodeDocument: 422, protocol.CodeRateLimited: 429, protocol.CodeErasures: 429,
	protocol.CodeInternal: 500, protocol.CodeUnavailable: 503,
}

// Refusals lists all that a route may refuse with.
func (rt route) allRefusals() []protocol.Code {
	out := append([]protocol.Code{protocol.CodeInternal, protocol.CodeUnavailable}, rt.refusals...)
	if !rt.open {
		out = append(out, protocol.CodeVersion)
	}
	if rt.in != nil || rt.form {
		out = append(out, protocol.CodeTooLarge, protocol.CodeMediaType, protocol.CodeTimeout)
	}
	switch rt.who {
	case kiosk:
		out = append(out, protocol.CodeUnauthorised, protocol.CodeRevoked, protocol.CodeForbidden, protocol.CodeRateLimited)
	case admin, auditor:
		out = append(out, protocol.CodeUnauthorised, protocol.CodeForbidden, protocol.CodeRateLimited)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

var inPath = regexp.MustCompile(`\{([a-z]+)\}`)

// document is the OpenAPI 3.1 document of the routes.
func (s *Server) document() object {
	schemas := schemas{}
	paths := object{}
	for _, rt := range s.routes() {
		op := object{"summary": rt.summary, "operationId": operation(rt)}
		var params []object
		for _, m := range inPath.FindAllStringSubmatch(rt.path, -1) {
			params = append(params, object{"name": m[1], "in": "path", "required": true, "schema": object{"type": "string"}})
		}
		for _, q := range rt.query {
			params = append(params, object{"name": q.name, "in": "query", "description": q.says, "schema": object{"type": q.kind}})
		}
		if !rt.open {
			params = append(params, object{"name": protocol.HeaderVersion, "in": "header", "required": true,
				"schema": object{"type": "integer", "minimum": protocol.MinVersion, "maximum": protocol.MaxVersion}})
		}
		if params != nil {
			op["parameters"] = params
		}
		switch {
		case rt.form:
			op["requestBody"] = object{"required": true, "content": object{"application/x-www-form-urlencoded": object{"schema": object{
				"type": "object", "required": []string{"grant_type", "assertion"},
				"properties": object{"grant_type": object{"const": protocol.GrantJWTBearer}, "assertion": object{"type": "string"}}}}}}
		case rt.in != nil:
			body := object{"required": true, "content": object{"application/json": object{"schema": schemas.of(reflect.TypeOf(rt.in))}}}
			if rt.gzip {
				body["description"] = "gzip: Content-Encoding must say so"
			}
			op["requestBody"] = body
		}
		status := rt.status
		if status == 0 {
			status = http.StatusOK
		}
		good := object{"description": http.StatusText(status)}
		if rt.out != nil {
			kind := "application/json"
			if rt.stream {
				kind = "text/event-stream"
			}
			good["content"] = object{kind: object{"schema": schemas.of(reflect.TypeOf(rt.out))}}
		}
		answers := object{strconv.Itoa(status): good}
		codes := map[int][]string{}
		for _, c := range rt.allRefusals() {
			codes[statusOf[c]] = append(codes[statusOf[c]], string(c))
		}
		for st, cs := range codes {
			answers[strconv.Itoa(st)] = object{"description": "code " + strings.Join(cs, ", "),
				"content": object{protocol.ContentProblem: object{"schema": schemas.of(reflect.TypeFor[protocol.Problem]())}}}
		}
		if _, health := rt.out.(Health); health {
			answers["503"] = good
		}
		op["responses"] = answers
		switch rt.who {
		case kiosk:
			op["security"] = []object{{"kiosk": []string{}}}
		case admin, auditor:
			op["security"] = []object{{"administrator": []string{}}}
		}
		path, _ := paths[rt.path].(object)
		if path == nil {
			path = object{}
			paths[rt.path] = path
		}
		path[strings.ToLower(rt.method)] = op
	}
	return object{
		"openapi": "3.1.0",
		"info": object{"title": "Agent ID central", "version": strconv.Itoa(protocol.MaxVersion),
			"description": "What kiosks and administrators ask of the centre. The rules are in package sync/protocol."},
		"paths": paths,
		"components": object{"schemas": schemas, "securitySchemes": object{
			"kiosk":         object{"type": "http", "scheme": "bearer", "bearerFormat": "JWT", "description": "from POST /v1/token"},
			"administrator": object{"type": "http", "scheme": "bearer", "description": "from central admin create"},
		}},
	}
}

func operation(rt route) string {
	parts := strings.FieldsFunc(rt.path, func(r rune) bool { return r == '/' || r == '{' || r == '}' || r == '.' || r == '-' })
	return strings.ToLower(rt.method) + "_" + strings.Join(parts, "_")
}

func (s *Server) openapi(*call) (any, error) { return s.document(), nil }

// schemas are JSON schemas by the names of Go types.
type schemas object

func (ss schemas) of(t reflect.Type) object {
	switch t {
	case reflect.TypeFor[time.Time]():
		return object{"type": "string", "format": "date-time"}
	case reflect.TypeFor[json.RawMessage]():
		return object{"type": "object"}
	case reflect.TypeFor[[]byte]():
		return object{"type": "string", "contentEncoding": "base64"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return ss.of(t.Elem())
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Int, reflect.Int64, reflect.Uint64, reflect.Int32:
		return object{"type": "integer"}
	case reflect.Float64:
		return object{"type": "number"}
	case reflect.Slice:
		return object{"type": "array", "items": ss.of(t.Elem())}
	case reflect.Map:
		if t.Elem().Kind() == reflect.Interface {
			return object{"type": "object"}
		}
		return object{"type": "object", "additionalProperties": ss.of(t.Elem())}
	case reflect.Struct:
		if t.Name() == "" {
			return ss.structure(t)
		}
		if _, there := ss[t.Name()]; !there {
			ss[t.Name()] = nil // for what refers to itself
			ss[t.Name()] = ss.structure(t)
		}
		return object{"$ref": "#/components/schemas/" + t.Name()}
	}
	return object{}
}

func (ss schemas) structure(t reflect.Type) object {
	props := object{}
	var required []string
	for i := range t.NumField() {
		f := t.Field(i)
		name, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case name == "-" || !f.IsExported():
		case f.Anonymous && name == "":
			inner := ss.structure(f.Type)
			for n, p := range inner["properties"].(object) {
				props[n] = p
			}
			required = append(required, inner["required"].([]string)...)
		default:
			props[name] = ss.of(f.Type)
			if !strings.Contains(options, "omit") {
				required = append(required, name)
			}
		}
	}
	slices.Sort(required)
	return object{"type": "object", "properties": props, "required": required}
}
