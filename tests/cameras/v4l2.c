/* A camera on USB for a process that is started with LD_PRELOAD: what the kernel answers to
 * Video4Linux's calls, for machines that have no camera and load no modules.
 *
 * FAKE_V4L2          the path of the device
 * FAKE_V4L2_FORMATS  what it gives, as in "MJPG,YUYV"
 * FAKE_V4L2_FRAMES   a folder with its pictures, MJPG-0, MJPG-1 …; it gives them again and again
 * FAKE_V4L2_FAULT    busy, permission, silent, or unplugged (after ten pictures)
 *
 * It has one size, 320x240, as others are brought to the nearest one, and 30 pictures a second. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/videodev2.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { WIDTH = 320, HEIGHT = 240, RATE = 30, BUFFERS = 8, LARGEST = 1 << 18 };

static int camera = -1, waits;
static unsigned format, queued, taken, given;
static struct timespec started;
static char *memory;

static int failed(int reason) { errno = reason; return -1; }

static int has_fault(const char *name) {
    const char *fault = getenv("FAKE_V4L2_FAULT");
    return fault && !strcmp(fault, name);
}

static int has_format(unsigned wanted) {
    char name[5] = {0};
    memcpy(name, &wanted, 4);
    return wanted && strstr(getenv("FAKE_V4L2_FORMATS"), name) != NULL;
}

static unsigned first_format(void) {
    unsigned first;
    memcpy(&first, getenv("FAKE_V4L2_FORMATS"), 4);
    return first;
}

static int opened(int flags) {
    if (has_fault("permission")) return failed(EACCES);
    camera = memfd_create("camera", 0);
    if (ftruncate(camera, BUFFERS * LARGEST)) return -1;
    memory = mmap(NULL, BUFFERS * LARGEST, PROT_READ | PROT_WRITE, MAP_SHARED, camera, 0);
    format = first_format();
    waits = !(flags & O_NONBLOCK);
    queued = taken = given = 0;
    return camera;
}

#define OPEN(name)                                                                   \
    int name(const char *path, int flags, ...) {                                     \
        const char *own = getenv("FAKE_V4L2");                                       \
        va_list rest;                                                                \
        va_start(rest, flags);                                                       \
        int mode = va_arg(rest, int);                                                \
        va_end(rest);                                                                \
        if (own && !strcmp(own, path)) return opened(flags);                         \
        return ((int (*)(const char *, int, ...))dlsym(RTLD_NEXT, #name))(path, flags, mode); \
    }
OPEN(open)
OPEN(open64)

static void tell_format(struct v4l2_pix_format *told) {
    told->width = WIDTH;
    told->height = HEIGHT;
    told->pixelformat = format;
    told->field = V4L2_FIELD_NONE;
    told->bytesperline = format == V4L2_PIX_FMT_YUYV ? WIDTH * 2 : 0;
    told->sizeimage = format == V4L2_PIX_FMT_YUYV ? WIDTH * HEIGHT * 2 : LARGEST;
}

static unsigned picture(char *buffer) {
    if (format == V4L2_PIX_FMT_YUYV) {
        for (unsigned n = 0; n < WIDTH * HEIGHT * 2; n++) buffer[n] = n % 2 ? 128 : 40 + given % 160;
        return WIDTH * HEIGHT * 2;
    }
    for (int again = 0; again < 2; again++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%.4s-%u", getenv("FAKE_V4L2_FRAMES"), (char *)&format, taken);
        FILE *file = fopen(path, "rb");
        if (file) {
            unsigned size = fread(buffer, 1, LARGEST, file);
            fclose(file);
            taken++;
            return size;
        }
        taken = 0;
    }
    return 0;
}

static int take(struct v4l2_buffer *buffer) {
    struct timespec now, due = started;
    if (has_fault("unplugged") && given >= 10) return failed(ENODEV);
    if (!queued) return failed(EAGAIN);
    due.tv_sec += (given + 1) / RATE;
    due.tv_nsec += (given + 1) % RATE * (1000000000 / RATE);
    clock_gettime(CLOCK_MONOTONIC, &now);
    long early = (due.tv_sec - now.tv_sec) * 1000000000L + due.tv_nsec - now.tv_nsec;
    while (has_fault("silent") || early > 0) {
        if (!waits) return failed(EAGAIN);
        struct timespec rest = {has_fault("silent") ? 3600 : 0, has_fault("silent") ? 0 : early};
        nanosleep(&rest, NULL);
        early = 0;
    }
    buffer->index = given % BUFFERS;
    buffer->bytesused = picture(memory + buffer->index * LARGEST);
    buffer->flags = V4L2_BUF_FLAG_TIMESTAMP_MONOTONIC;
    buffer->timestamp.tv_sec = due.tv_sec + due.tv_nsec / 1000000000;
    buffer->timestamp.tv_usec = due.tv_nsec % 1000000000 / 1000;
    buffer->sequence = given++;
    queued--;
    return 0;
}

int ioctl(int fd, unsigned long request, ...) {
    va_list rest;
    va_start(rest, request);
    void *argument = va_arg(rest, void *);
    va_end(rest);
    if (fd != camera || fd < 0)
        return ((int (*)(int, unsigned long, ...))dlsym(RTLD_NEXT, "ioctl"))(fd, request, argument);
    switch ((unsigned)request) {
    case (unsigned)VIDIOC_QUERYCAP: {
        struct v4l2_capability *told = argument;
        memset(told, 0, sizeof *told);
        told->capabilities = V4L2_CAP_VIDEO_CAPTURE | V4L2_CAP_STREAMING;
        return 0;
    }
    case (unsigned)VIDIOC_G_INPUT: *(int *)argument = 0; return 0;
    case (unsigned)VIDIOC_S_INPUT: return 0;
    case (unsigned)VIDIOC_ENUMINPUT: ((struct v4l2_input *)argument)->std = 0; return 0;
    case (unsigned)VIDIOC_G_FMT: tell_format(&((struct v4l2_format *)argument)->fmt.pix); return 0;
    case (unsigned)VIDIOC_S_FMT: {
        struct v4l2_pix_format *asked = &((struct v4l2_format *)argument)->fmt.pix;
        if (has_fault("busy")) return failed(EBUSY);
        if (has_format(asked->pixelformat)) format = asked->pixelformat;
        tell_format(asked);
        return 0;
    }
    case (unsigned)VIDIOC_G_PARM:
    case (unsigned)VIDIOC_S_PARM: {
        struct v4l2_captureparm *told = &((struct v4l2_streamparm *)argument)->parm.capture;
        told->capability = V4L2_CAP_TIMEPERFRAME;
        told->timeperframe.numerator = 1;
        told->timeperframe.denominator = RATE;
        return 0;
    }
    case (unsigned)VIDIOC_REQBUFS: ((struct v4l2_requestbuffers *)argument)->count = BUFFERS; return 0;
    case (unsigned)VIDIOC_QUERYBUF: {
        struct v4l2_buffer *told = argument;
        told->length = LARGEST;
        told->m.offset = told->index * LARGEST;
        return 0;
    }
    case (unsigned)VIDIOC_QBUF: queued++; return 0;
    case (unsigned)VIDIOC_DQBUF: return take(argument);
    case (unsigned)VIDIOC_STREAMON: clock_gettime(CLOCK_MONOTONIC, &started); return 0;
    case (unsigned)VIDIOC_STREAMOFF: return 0;
    }
    return failed(ENOTTY);
}
