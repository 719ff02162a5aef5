package dlib

/*
#include <dlib/revision.h>
*/
import "C"

import "fmt"

// Version is dlib's, of the headers that this was built with.
func Version() string {
	return fmt.Sprintf("%d.%d.%d", int(C.DLIB_MAJOR_VERSION), int(C.DLIB_MINOR_VERSION), int(C.DLIB_PATCH_VERSION))
}
