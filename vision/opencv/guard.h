#ifndef AGENTID_GUARD_H
#define AGENTID_GUARD_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Every call that can fail takes err, a buffer of AGENTID_ERR bytes, writes a
 * message there and returns NULL or a negative number. None lets an exception out. */
#define AGENTID_ERR 256

/* Keeps OpenCV from writing to the standard error: what fails is told to the
 * caller, and its words may hold the password of an address. In the whole process. */
void agentid_hush(void);

/* Threads that OpenCV may use, in the whole process; n < 1 leaves it as it is.
 * Returns how many it uses. */
int agentid_threads(int n);

/* A picture: RGBA rows of stride bytes. */
typedef struct {
	const uint8_t *pix;
	int w, h, stride;
} agentid_picture;

/* A net of known outputs and one input of 1 x 3 x side x side. */
typedef struct agentid_net agentid_net;

/* names: the outputs, each ended by 0; n: how many; len: takes the number of
 * floats in each, which a first run finds out. */
agentid_net *agentid_net_open(const uint8_t *model, size_t size, int side, const char *names, int n, int *len, char *err);
void agentid_net_close(agentid_net *net);

/* Where the net's input lies: 3 * side * side floats, planes. */
float *agentid_net_input(agentid_net *net);

/* Fills the input with the picture, reduced or enlarged to w x h, at the top
 * left, black beside it: BGR, 0..255. */
int agentid_net_put(agentid_net *net, agentid_picture p, int w, int h, char *err);

/* Runs the net; out takes all outputs one after another, total floats. */
int agentid_net_run(agentid_net *net, float *out, int total, char *err);

/* A Haar cascade. */
typedef struct agentid_haar agentid_haar;

agentid_haar *agentid_haar_open(const char *path, char *err);
void agentid_haar_close(agentid_haar *haar);

/* Finds faces in the picture reduced to w x h. boxes takes x, y, w, h and the
 * windows that agreed for each of up to max faces, in pixels of the reduced
 * picture. Returns how many. */
int agentid_haar_find(agentid_haar *haar, agentid_picture p, int w, int h, double step, int neighbours, int minside,
	int *boxes, int max, char *err);

#ifdef __cplusplus
}
#endif
#endif
