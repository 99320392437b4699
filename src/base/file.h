/* Files that are replaced whole or not at all: write to a temporary name, fsync, rename, fsync the folder.
 * Each step passes a fault point ("file-write", "file-sync", "file-rename", "dir-sync"). */
#ifndef UNDERSTUDY_BASE_FILE_H
#define UNDERSTUDY_BASE_FILE_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/err.h"

/* Replace path with data.  ERR_IO: errno is set, path has its former content, no temporary file is left; only when
 * the last step, "dir-sync", failed has path the new content, which a power cut may still undo. */
MUST_CHECK enum err file_replace(const char *path, const void *data, size_t len, mode_t mode);

/* Read a whole file; ERR_LIMIT: larger than max; ERR_NOTFOUND; ERR_IO.  Caller frees *out_data (a NUL byte
 * follows the data, not counted). */
MUST_CHECK enum err file_read(const char *path, size_t max, char **out_data, size_t *out_len);

#endif
