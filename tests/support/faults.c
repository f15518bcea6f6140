// A library for LD_PRELOAD that makes system calls of a program fail, as tests want them to.
//
// SLUICE_FAULTS      rules, separated by `;`: CALL:EFFECT[@N[+]][%P][=PATH]
// SLUICE_FAULTS_LOG  a file that gets a line for each fault: `CALL EFFECT PATH`
// SLUICE_FAULTS_SEED a number; chance comes out the same for the same one, as far as threads let it
//
// CALL    open read write fsync rename truncate unlink close; pread counts as read, fdatasync as fsync, ftruncate as
//         truncate. `change` is each call that changes what a crash leaves: writing, renaming, truncating, unlinking,
//         and opening with O_CREAT.
// EFFECT  the name of an error (ENOSPC, EIO, EINTR, EMFILE, EACCES): the call is not made, and fails with it
//         short   half of the bytes are read or written
//         late    the call is made, and then says EIO
//         lose    of fsync: what was written since the last one that succeeded becomes zeros; then EIO
//         kill    the process is killed instead of the call
//         torn    half of the bytes are written, then the process is killed; otherwise like `kill`
// @N      only the Nth call that fits the rule, counted from 1; @N+: and all after it
// %P      each with a probability of P percent
// =PATH   only where the path contains this; with `$` at its end: where it ends so
//
// Only files with a name are concerned: no pipes, sockets and the like. The first rule that fits decides.
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

enum { kRules = 16, kFiles = 4096, kPath = 4096 };

enum call { kOpen, kRead, kWrite, kFsync, kRename, kTruncate, kUnlink, kClose, kChange, kCalls };
static const char* const kCallNames[kCalls] = {"open",     "read",   "write", "fsync", "rename",
                                               "truncate", "unlink", "close", "change"};

enum effect { kNone, kError, kShort, kLate, kLose, kKill, kTorn };
static const char* const kEffectNames[] = {"none", "error", "short", "late", "lose", "kill", "torn"};

struct error_name {
  const char* name;
  int number;
};
static const struct error_name kErrors[] = {{"ENOSPC", ENOSPC}, {"EIO", EIO},       {"EINTR", EINTR},
                                            {"EMFILE", EMFILE}, {"EACCES", EACCES}, {"EDQUOT", EDQUOT}};

struct rule {
  enum call call;
  enum effect effect;
  int error;         // for kError
  char name[16];     // of the effect, for the log
  uint64_t nth;      // 0: each
  bool and_later;    // with nth
  uint64_t percent;  // 0: always
  char path[256];    // empty: any
  bool at_end;       // the path must end so
  _Atomic uint64_t fitting;
};

static struct rule rules[kRules];
static int rule_count;
static uint64_t seed = 1;
static int log_fd = -1;

// Up to where a file is safe, for `lose`: by inode, in a table without removal.
struct safe_size {
  _Atomic uint64_t inode;
  _Atomic uint64_t size;
};
static struct safe_size safe[kFiles];

static void bad_rule(const char* text) {
  fprintf(stderr, "faults: cannot understand the rule %s\n", text);
  _exit(99);
}

static void read_effect(struct rule* rule, const char* name, size_t length, const char* text) {
  if (length >= sizeof rule->name) bad_rule(text);
  memcpy(rule->name, name, length);
  for (int i = kShort; i <= kTorn; ++i) {
    if (strcmp(rule->name, kEffectNames[i]) == 0) rule->effect = (enum effect)i;
  }
  for (size_t i = 0; i < sizeof kErrors / sizeof *kErrors; ++i) {
    if (strcmp(rule->name, kErrors[i].name) == 0) {
      rule->effect = kError;
      rule->error = kErrors[i].number;
    }
  }
  if (rule->effect == kNone) bad_rule(text);
}

static void read_rule(const char* text) {
  if (rule_count == kRules) bad_rule(text);
  struct rule* rule = &rules[rule_count++];
  const size_t call = strcspn(text, ":");
  rule->call = kCalls;
  for (int i = 0; i < kCalls; ++i) {
    if (strlen(kCallNames[i]) == call && strncmp(text, kCallNames[i], call) == 0) rule->call = (enum call)i;
  }
  if (rule->call == kCalls || text[call] != ':') bad_rule(text);
  const char* at = text + call + 1;
  const size_t effect = strcspn(at, "@%=");
  read_effect(rule, at, effect, text);
  at += effect;
  char* end = NULL;
  if (*at == '@') {
    rule->nth = strtoull(at + 1, &end, 10);
    rule->and_later = *end == '+';
    at = end + rule->and_later;
  }
  if (*at == '%') {
    rule->percent = strtoull(at + 1, &end, 10);
    at = end;
  }
  if (*at == '=') {
    size_t length = strlen(++at);
    rule->at_end = length > 0 && at[length - 1] == '$';
    length -= rule->at_end;
    if (length >= sizeof rule->path) bad_rule(text);
    memcpy(rule->path, at, length);
  } else if (*at != '\0') {
    bad_rule(text);
  }
}

__attribute__((constructor)) static void read_rules(void) {
  const char* const text = getenv("SLUICE_FAULTS");
  const char* const seed_text = getenv("SLUICE_FAULTS_SEED");
  const char* const log = getenv("SLUICE_FAULTS_LOG");
  if (seed_text != NULL) seed = strtoull(seed_text, NULL, 10);
  if (log != NULL) {
    log_fd = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0644);
  }
  if (text == NULL) return;
  char* const copy = strdup(text);
  char* rest = copy;
  for (char* each = NULL; (each = strsep(&rest, ";")) != NULL;) {
    if (*each != '\0') read_rule(each);
  }
  free(copy);
}

static uint64_t chance(uint64_t number) {  // splitmix64: 0..99
  uint64_t value = seed * UINT64_C(0x9e3779b97f4a7c15) + number * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  value = (value ^ (value >> 27)) * UINT64_C(0x94d049bb133111eb);
  return (value ^ (value >> 31)) % 100;
}

static bool path_fits(const struct rule* rule, const char* path) {
  const size_t have = strlen(path);
  const size_t want = strlen(rule->path);
  if (!rule->at_end) return strstr(path, rule->path) != NULL;
  return have >= want && strcmp(path + have - want, rule->path) == 0;
}

static void note(const struct rule* rule, enum call call, const char* path) {
  char line[kPath + 64];
  const int length = snprintf(line, sizeof line, "%s %s %s\n", kCallNames[call], rule->name, path);
  if (log_fd >= 0 && length > 0) syscall(SYS_write, log_fd, line, (size_t)length);
}

static void die(void) {
  syscall(SYS_kill, syscall(SYS_getpid), SIGKILL);
  for (;;) pause();
}

// The rule for this call, if its effect is due; a kill does not come back. `changes`: whether it counts as `change`.
static const struct rule* due(enum call call, bool changes, const char* path) {
  if (path[0] != '/' || strncmp(path, "/proc/", 6) == 0 || strncmp(path, "/dev/", 5) == 0) return NULL;
  for (int i = 0; i < rule_count; ++i) {
    struct rule* const rule = &rules[i];
    if (rule->call != call && !(rule->call == kChange && changes)) continue;
    if (!path_fits(rule, path)) continue;
    const uint64_t number = atomic_fetch_add(&rule->fitting, 1) + 1;
    if (rule->nth != 0 && number != rule->nth && !(rule->and_later && number > rule->nth)) continue;
    if (rule->percent != 0 && chance(number) >= rule->percent) continue;
    note(rule, call, path);
    if (rule->effect == kKill || (rule->effect == kTorn && call != kWrite)) die();
    return rule;
  }
  return NULL;
}

// The file's name, or nothing.
static const char* path_of(int fd, char* path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  const long length = syscall(SYS_readlink, link, path, kPath - 1);
  path[length > 0 ? length : 0] = '\0';
  return path;
}

// A relative name as the kernel would find it.
static const char* absolute(const char* name, char* path) {
  if (name[0] == '/') return name;
  const long length = syscall(SYS_getcwd, path, kPath);
  if (length <= 0) return name;
  snprintf(path + length - 1, kPath - (size_t)length, "/%s", name);
  return path;
}

static struct safe_size* safe_size_of(uint64_t inode) {
  for (uint64_t i = 0; i < kFiles; ++i) {
    struct safe_size* const entry = &safe[(inode + i) % kFiles];
    uint64_t free_entry = 0;
    if (atomic_load(&entry->inode) == inode) return entry;
    if (atomic_compare_exchange_strong(&entry->inode, &free_entry, inode)) return entry;
    if (free_entry == inode) return entry;
  }
  return &safe[0];
}

static void remember_safe_size(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  atomic_store(&safe_size_of(status.st_ino)->size, (uint64_t)status.st_size);
}

// What a disk that failed does: the system forgets that these pages are dirty, and reads something else one day.
static void lose(int fd) {
  struct stat status;
  if (fstat(fd, &status) != 0 || !S_ISREG(status.st_mode)) return;
  char name[64];
  snprintf(name, sizeof name, "/proc/self/fd/%d", fd);
  const int again = (int)syscall(SYS_openat, AT_FDCWD, name, O_WRONLY | O_CLOEXEC);  // without O_APPEND
  const char zero[512] = {0};
  for (uint64_t at = atomic_load(&safe_size_of(status.st_ino)->size); at < (uint64_t)status.st_size;) {
    const uint64_t left = (uint64_t)status.st_size - at;
    const long count = syscall(SYS_pwrite64, again, zero, left < sizeof zero ? left : sizeof zero, at);
    if (count <= 0) break;
    at += (uint64_t)count;
  }
  syscall(SYS_close, again);
}

static int fail(int error) {
  errno = error;
  return -1;
}

static int faulty_open(const char* name, int flags, mode_t mode) {
  char buffer[kPath];
  const struct rule* const rule = due(kOpen, (flags & O_CREAT) != 0, absolute(name, buffer));
  if (rule != NULL && rule->effect == kError) return fail(rule->error);
  const int fd = (int)syscall(SYS_openat, AT_FDCWD, name, flags, mode);
  if (fd >= 0 && (flags & O_ACCMODE) != O_RDONLY) remember_safe_size(fd);
  return fd;
}

static mode_t mode_of(int flags, va_list* arguments) {
  return (flags & (O_CREAT | O_TMPFILE)) != 0 ? (mode_t)va_arg(*arguments, unsigned) : 0;
}

int open(const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, &arguments);
  va_end(arguments);
  return faulty_open(name, flags, mode);
}

int open64(const char* name, int flags, ...) {
  va_list arguments;
  va_start(arguments, flags);
  const mode_t mode = mode_of(flags, &arguments);
  va_end(arguments);
  return faulty_open(name, flags, mode);
}

// Half of it, or all; -1 with errno if the call fails.
static ssize_t some_of(const struct rule* rule, size_t size) {
  if (rule == NULL) return (ssize_t)size;
  if (rule->effect == kError) return fail(rule->error);
  if (rule->effect == kShort || rule->effect == kTorn) return (ssize_t)((size + 1) / 2);
  return (ssize_t)size;
}

ssize_t read(int fd, void* bytes, size_t size) {
  char buffer[kPath];
  const struct rule* const rule = rule_count == 0 ? NULL : due(kRead, false, path_of(fd, buffer));
  const ssize_t part = some_of(rule, size);
  return part < 0 ? part : syscall(SYS_read, fd, bytes, (size_t)part);
}

ssize_t pread(int fd, void* bytes, size_t size, off_t offset) {
  char buffer[kPath];
  const ssize_t part = some_of(due(kRead, false, path_of(fd, buffer)), size);
  return part < 0 ? part : syscall(SYS_pread64, fd, bytes, (size_t)part, offset);
}

ssize_t pread64(int fd, void* bytes, size_t size, off_t offset) { return pread(fd, bytes, size, offset); }

ssize_t write(int fd, const void* bytes, size_t size) {
  char buffer[kPath];
  const struct rule* const rule = rule_count == 0 ? NULL : due(kWrite, true, path_of(fd, buffer));
  const ssize_t part = some_of(rule, size);
  if (part < 0) return part;
  const ssize_t count = syscall(SYS_write, fd, bytes, (size_t)part);
  if (rule != NULL && rule->effect == kTorn) die();
  if (rule != NULL && rule->effect == kLate) return fail(EIO);
  return count;
}

static int sync_with(long number, int fd) {
  char buffer[kPath];
  const struct rule* const rule = due(kFsync, false, path_of(fd, buffer));
  if (rule != NULL && rule->effect == kError) return fail(rule->error);
  if (rule != NULL && rule->effect == kLose) {
    lose(fd);
    return fail(EIO);
  }
  const int result = (int)syscall(number, fd);
  if (result == 0) remember_safe_size(fd);
  return rule != NULL && rule->effect == kLate ? fail(EIO) : result;
}

int fsync(int fd) { return sync_with(SYS_fsync, fd); }
int fdatasync(int fd) { return sync_with(SYS_fdatasync, fd); }

// For calls that take no bytes.
static int answer(const struct rule* rule, int result) {
  return rule != NULL && rule->effect == kLate ? fail(EIO) : result;
}
static bool is_refused(const struct rule* rule) { return rule != NULL && rule->effect == kError; }

int rename(const char* from, const char* to) {
  char buffer[kPath];
  const struct rule* const rule = due(kRename, true, absolute(to, buffer));
  return is_refused(rule) ? fail(rule->error) : answer(rule, (int)syscall(SYS_rename, from, to));
}

int unlink(const char* name) {
  char buffer[kPath];
  const struct rule* const rule = due(kUnlink, true, absolute(name, buffer));
  return is_refused(rule) ? fail(rule->error) : answer(rule, (int)syscall(SYS_unlink, name));
}

int truncate(const char* name, off_t size) {
  char buffer[kPath];
  const struct rule* const rule = due(kTruncate, true, absolute(name, buffer));
  return is_refused(rule) ? fail(rule->error) : answer(rule, (int)syscall(SYS_truncate, name, size));
}

int ftruncate(int fd, off_t size) {
  char buffer[kPath];
  const struct rule* const rule = due(kTruncate, true, path_of(fd, buffer));
  return is_refused(rule) ? fail(rule->error) : answer(rule, (int)syscall(SYS_ftruncate, fd, size));
}

int truncate64(const char* name, off_t size) { return truncate(name, size); }
int ftruncate64(int fd, off_t size) { return ftruncate(fd, size); }

// The descriptor is closed whatever it says, as Linux does.
int close(int fd) {
  char buffer[kPath];
  const struct rule* const rule = rule_count == 0 ? NULL : due(kClose, false, path_of(fd, buffer));
  const int result = (int)syscall(SYS_close, fd);
  if (rule == NULL) return result;
  return fail(rule->effect == kError ? rule->error : EIO);
}
