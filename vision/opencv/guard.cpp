#include "guard.h"

#include <algorithm>
#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>

namespace {

// guarded runs f; what it throws becomes a message and bad.
template <typename T, typename F> T guarded(char *err, T bad, F f) {
	try {
		return f();
	} catch (const cv::Exception &e) {
		snprintf(err, AGENTID_ERR, "%s", e.err.empty() ? "unknown OpenCV error" : e.err.c_str());
	} catch (const std::exception &e) {
		snprintf(err, AGENTID_ERR, "%s", e.what());
	} catch (...) {
		snprintf(err, AGENTID_ERR, "unknown C++ exception");
	}
	return bad;
}

int silent(int, const char *, const char *, const char *, int, void *) { return 0; }

} // namespace

struct agentid_net {
	cv::dnn::Net net;
	std::vector<cv::String> names;
	std::vector<cv::Mat> outs;
	int shape[4];

	void run(float *in) {
		net.setInput(cv::Mat(4, shape, CV_32F, in)); // copies it
		net.forward(outs, names);
	}
};

void agentid_hush(void) {
	char err[AGENTID_ERR];
	guarded(err, 0, [] {
		cv::redirectError(silent);
		cv::utils::logging::setLogLevel(cv::utils::logging::LOG_LEVEL_SILENT);
		return 0;
	});
}

int agentid_threads(int n) {
	char err[AGENTID_ERR];
	return guarded(err, 1, [&] {
		if (n > 0) cv::setNumThreads(n);
		return cv::getNumThreads();
	});
}

agentid_net *agentid_net_open(const uint8_t *model, size_t size, int side, const char *names, int n, int *len, char *err) {
	agentid_net *net = nullptr;
	int rc = guarded(err, -1, [&] {
		agentid_hush();
		net = new agentid_net();
		const int shape[] = {1, 3, side, side};
		std::copy(shape, shape + 4, net->shape);
		net->net = cv::dnn::readNetFromONNX(reinterpret_cast<const char *>(model), size);
		net->net.setPreferableBackend(cv::dnn::DNN_BACKEND_OPENCV);
		net->net.setPreferableTarget(cv::dnn::DNN_TARGET_CPU);
		for (int i = 0; i < n; i++, names += std::strlen(names) + 1) net->names.emplace_back(names);
		if (net->names.empty()) {
			for (const cv::String &out : net->net.getUnconnectedOutLayersNames()) net->names.push_back(out);
			if (net->names.size() != 1) {
				snprintf(err, AGENTID_ERR, "%zu outputs where one is wanted", net->names.size());
				return -1;
			}
		}
		std::vector<float> blank(3 * size_t(side) * size_t(side));
		net->run(blank.data());
		for (size_t i = 0; i < net->outs.size(); i++) {
			if (net->outs[i].depth() != CV_32F) {
				snprintf(err, AGENTID_ERR, "an output is not made of floats");
				return -1;
			}
			len[i] = int(net->outs[i].total() * net->outs[i].channels());
		}
		return 0;
	});
	if (rc == 0) return net;
	agentid_net_close(net);
	return nullptr;
}

void agentid_net_close(agentid_net *net) {
	char err[AGENTID_ERR];
	guarded(err, 0, [&] {
		delete net;
		return 0;
	});
}

int agentid_net_run(agentid_net *net, float *in, float *out, int total, char *err) {
	return guarded(err, -1, [&] {
		net->run(in);
		for (const cv::Mat &m : net->outs) {
			const int n = int(m.total() * m.channels());
			if (m.depth() != CV_32F || !m.isContinuous() || n > total) {
				snprintf(err, AGENTID_ERR, "an output changed its shape");
				return -1;
			}
			std::memcpy(out, m.ptr(), size_t(n) * sizeof(float));
			out += n;
			total -= n;
		}
		return 0;
	});
}
