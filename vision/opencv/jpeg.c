#include "jpeg.h"

#include <setjmp.h>
#include <stdio.h>
#include <string.h>

#include <jpeglib.h>
#include <jerror.h>

struct decoder {
	struct jpeg_decompress_struct cinfo;
	struct jpeg_error_mgr err;
	struct jpeg_source_mgr src;
	jmp_buf out;
};

static void fail(j_common_ptr cinfo) { longjmp(((struct decoder *)cinfo->client_data)->out, 1); }

/* Damage is an error: a picture with grey where data is missing looks whole. */
static void message(j_common_ptr cinfo, int level) {
	if (level >= 0) return;
	switch (cinfo->err->msg_code) {
	case JWRN_EXTRANEOUS_DATA: /* padding between segments */
	case JWRN_JFIF_MAJOR:
	case JWRN_ADOBE_XFORM:
		return;
	}
	fail(cinfo);
}

static void quiet(j_common_ptr cinfo) { (void)cinfo; }
static void nothing(j_decompress_ptr cinfo) { (void)cinfo; }

/* At the end of the bytes comes an end marker, which cameras forget. Pixels
 * that are still missing then are damage, see message. */
static boolean fill(j_decompress_ptr cinfo) {
	static const JOCTET end[2] = {0xFF, JPEG_EOI};
	cinfo->src->next_input_byte = end;
	cinfo->src->bytes_in_buffer = sizeof end;
	return TRUE;
}

static void skip(j_decompress_ptr cinfo, long n) {
	if (n <= 0) return;
	if ((size_t)n > cinfo->src->bytes_in_buffer) n = (long)cinfo->src->bytes_in_buffer;
	cinfo->src->next_input_byte += n;
	cinfo->src->bytes_in_buffer -= (size_t)n;
}

int agentid_jpeg_rgba(const uint8_t *data, size_t len, uint8_t *dst, int w, int h, char *err, size_t errlen) {
	struct decoder d;
	memset(&d, 0, sizeof d);
	d.cinfo.err = jpeg_std_error(&d.err);
	d.cinfo.client_data = &d;
	d.err.error_exit = fail;
	d.err.emit_message = message;
	d.err.output_message = quiet;
	if (setjmp(d.out)) {
		char buf[JMSG_LENGTH_MAX];
		d.err.format_message((j_common_ptr)&d.cinfo, buf);
		snprintf(err, errlen, "%s", buf);
		jpeg_destroy_decompress(&d.cinfo);
		return 1;
	}
	jpeg_create_decompress(&d.cinfo);
	d.src.next_input_byte = data;
	d.src.bytes_in_buffer = len;
	d.src.init_source = nothing;
	d.src.fill_input_buffer = fill;
	d.src.skip_input_data = skip;
	d.src.resync_to_restart = jpeg_resync_to_restart;
	d.src.term_source = nothing;
	d.cinfo.src = &d.src;

	jpeg_read_header(&d.cinfo, TRUE);
	d.cinfo.out_color_space = JCS_EXT_RGBA;
	jpeg_start_decompress(&d.cinfo);
	if (d.cinfo.output_width != (JDIMENSION)w || d.cinfo.output_height != (JDIMENSION)h || d.cinfo.output_components != 4) {
		snprintf(err, errlen, "another size than its header says");
		jpeg_destroy_decompress(&d.cinfo);
		return 1;
	}
	while (d.cinfo.output_scanline < d.cinfo.output_height) {
		JSAMPROW row = dst + (size_t)d.cinfo.output_scanline * 4 * (size_t)w;
		jpeg_read_scanlines(&d.cinfo, &row, 1);
	}
	jpeg_destroy_decompress(&d.cinfo);
	return 0;
}
