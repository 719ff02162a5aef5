#include "guard.h"

#include <cstdio>
#include <cstring>
#include <exception>
#include <string>
#include <vector>

#include <opencv2/core.hpp>
#include <opencv2/core/utils/logger.hpp>
#include <opencv2/dnn.hpp>
#include <opencv2/imgproc.hpp>
#include <opencv2/objdetect.hpp>

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

cv::Mat view(const agentid_picture &p) {
	return cv::Mat(p.h, p.w, CV_8UC4, const_cast<uint8_t *>(p.pix), size_t(p.stride));
}

// shrink resizes, by averaging where that loses pixels.
void shrink(const cv::Mat &from, cv::Mat &to, cv::Size size) {
	bool less = size.width < from.cols || size.height < from.rows;
	cv::resize(from, to, size, 0, 0, less ? cv::INTER_AREA : cv::INTER_LINEAR);
}

} // namespace

struct agentid_net {
	cv::dnn::Net net;
	std::vector<cv::String> names;
	std::vector<cv::Mat> outs;
	int side;
	cv::Mat input, small, bgr; // kept, so that a frame costs no allocation
};

struct agentid_haar {
	cv::CascadeClassifier cascade;
	cv::Mat small, grey;
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
		net->side = side;
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
		const int shape[] = {1, 3, side, side};
		net->input.create(4, shape, CV_32F);
		net->input = cv::Scalar(0);
		net->net.setInput(net->input);
		net->net.forward(net->outs, net->names);
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

float *agentid_net_input(agentid_net *net) { return net->input.ptr<float>(); }

int agentid_net_put(agentid_net *net, agentid_picture p, int w, int h, char *err) {
	return guarded(err, -1, [&] {
		const int side = net->side;
		shrink(view(p), net->small, cv::Size(w, h));
		net->bgr.create(side, side, CV_8UC3);
		if (w < side || h < side) net->bgr = cv::Scalar(0);
		cv::Mat corner = net->bgr(cv::Rect(0, 0, w, h));
		cv::cvtColor(net->small, corner, cv::COLOR_RGBA2BGR);
		cv::Mat planes[3];
		for (int c = 0; c < 3; c++) planes[c] = cv::Mat(side, side, CV_32F, net->input.ptr<float>(0, c));
		cv::Mat wide;
		net->bgr.convertTo(wide, CV_32F);
		cv::split(wide, planes);
		return 0;
	});
}

int agentid_net_run(agentid_net *net, float *out, int total, char *err) {
	return guarded(err, -1, [&] {
		net->net.setInput(net->input);
		net->net.forward(net->outs, net->names);
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

agentid_haar *agentid_haar_open(const char *path, char *err) {
	agentid_haar *haar = nullptr;
	int rc = guarded(err, -1, [&] {
		agentid_hush();
		haar = new agentid_haar();
		if (!haar->cascade.load(path) || haar->cascade.empty()) {
			snprintf(err, AGENTID_ERR, "not a cascade");
			return -1;
		}
		cv::Mat blank(120, 120, CV_8U, cv::Scalar(128)); // runs it once
		std::vector<cv::Rect> found;
		haar->cascade.detectMultiScale(blank, found);
		return 0;
	});
	if (rc == 0) return haar;
	agentid_haar_close(haar);
	return nullptr;
}

void agentid_haar_close(agentid_haar *haar) {
	char err[AGENTID_ERR];
	guarded(err, 0, [&] {
		delete haar;
		return 0;
	});
}

int agentid_haar_find(agentid_haar *haar, agentid_picture p, int w, int h, double step, int neighbours, int minside,
	int *boxes, int max, char *err) {
	return guarded(err, -1, [&] {
		shrink(view(p), haar->small, cv::Size(w, h));
		cv::cvtColor(haar->small, haar->grey, cv::COLOR_RGBA2GRAY);
		cv::equalizeHist(haar->grey, haar->grey);
		std::vector<cv::Rect> found;
		std::vector<int> votes;
		haar->cascade.detectMultiScale(haar->grey, found, votes, step, neighbours, 0, cv::Size(minside, minside), cv::Size());
		int n = 0;
		for (size_t i = 0; i < found.size() && n < max; i++, n++) {
			boxes[5 * n] = found[i].x;
			boxes[5 * n + 1] = found[i].y;
			boxes[5 * n + 2] = found[i].width;
			boxes[5 * n + 3] = found[i].height;
			boxes[5 * n + 4] = i < votes.size() ? votes[i] : 0;
		}
		return n;
	});
}
