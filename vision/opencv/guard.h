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

/* A net of known outputs and one input of 1 x 3 x side x side. */
typedef struct agentid_net agentid_net;

/* names: the outputs, each ended by 0; n: how many; len: takes the number of
 * floats in each, which a first run finds out. */
agentid_net *agentid_net_open(const uint8_t *model, size_t size, int side, const char *names, int n, int *len, char *err);
void agentid_net_close(agentid_net *net);

/* Runs the net on 3 * side * side floats, planes, which are not changed; out
 * takes all outputs one after another, total floats. */
int agentid_net_run(agentid_net *net, float *in, float *out, int total, char *err);

#ifdef __cplusplus
}
#endif
#endif
