#ifndef AGENTID_JPEG_H
#define AGENTID_JPEG_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Decodes a JPEG of exactly w x h pixels into dst, 4*w bytes a row, alpha 255.
 * Returns 0, or 1 with a message in err. */
int agentid_jpeg_rgba(const uint8_t *data, size_t len, uint8_t *dst, int w, int h, char *err, size_t errlen);

#ifdef __cplusplus
}
#endif
#endif
