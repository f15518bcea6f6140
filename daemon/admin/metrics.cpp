#include "daemon/admin/metrics.hpp"

#include <dirent.h>
#include <fmt/format.h>
#include <sys/resource.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string_view>

#include "config/units.hpp"

namespace sluice::daemon {
namespace {

// The value of a label, escaped as the text format wants it.
std::string label(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c == '\n') {
      text += "\\n";
      continue;
    }
    if (c == '\\' || c == '"') text += '\\';
    text += c;
  }
  return text;
}

void family(std::string& out, std::string_view name, std::string_view type, std::string_view help) {
  out += fmt::format("# HELP {0} {2}\n# TYPE {0} {1}\n", name, type, help);
}

void records(std::string& out, const LedgerSnapshot& ledger) {
  family(out, "sluice_records_total", "counter",
         "Records by stage and what became of them; in + copied = out + filtered + rejected + abandoned.");
  for (const StageSnapshot& stage : ledger.stages) {
    const Delta& n = stage.counts;
    const std::pair<const char*, std::uint64_t> results[] = {{"in", n.in},
                                                             {"out", n.out},
                                                             {"filtered", n.filtered},
                                                             {"rejected", n.rejected},
                                                             {"abandoned", n.abandoned},
                                                             {"copied", n.copied}};
    for (const auto& [result, count] : results) {
      out += fmt::format("sluice_records_total{{stage=\"{}\",result=\"{}\"}} {}\n", label(stage.name), result, count);
    }
  }
}

void bytes(std::string& out, const LedgerSnapshot& ledger) {
  family(out, "sluice_bytes_total", "counter", "Bytes that generators accepted (in) and writers wrote (out).");
  for (const StageSnapshot& stage : ledger.stages) {
    const bool reads = stage.kind == "generate";
    if (!reads && stage.kind != "write") continue;
    out += fmt::format("sluice_bytes_total{{stage=\"{}\",direction=\"{}\"}} {}\n", label(stage.name),
                       reads ? "in" : "out", reads ? stage.counts.bytes_in : stage.counts.bytes_out);
  }
}

void errors(std::string& out, const LedgerSnapshot& ledger) {
  family(out, "sluice_errors_total", "counter",
         "What went wrong, by stage and reason; rejected records are among it, and so is what rejected none.");
  for (const StageSnapshot& stage : ledger.stages) {
    for (const auto& [reason, count] : stage.errors) {
      out += fmt::format("sluice_errors_total{{stage=\"{}\",reason=\"{}\"}} {}\n", label(stage.name), label(reason),
                         count);
    }
  }
}

void stage_times(std::string& out, const Observation& seen) {
  family(out, "sluice_stage_busy_seconds_total", "counter", "Time in which the stage worked, over all threads.");
  for (const StageSnapshot& stage : seen.ledger.stages) {
    out += fmt::format("sluice_stage_busy_seconds_total{{stage=\"{}\"}} {:.9f}\n", label(stage.name),
                       config::in_seconds(stage.counts.busy));
  }
  family(out, "sluice_stage_blocked_seconds_total", "counter",
         "Time in which results of the stage waited for room in a queue after it.");
  for (const StageFigures& stage : seen.stages) {
    out += fmt::format("sluice_stage_blocked_seconds_total{{stage=\"{}\"}} {:.9f}\n", label(stage.name),
                       config::in_seconds(stage.blocked));
  }
}

void queues(std::string& out, const Observation& seen) {
  const auto each = [&](std::string_view name, auto value) {
    for (const StageFigures& stage : seen.stages) {
      if (stage.queue) out += fmt::format("{}{{stage=\"{}\"}} {}\n", name, label(stage.name), value(*stage.queue));
    }
    if (seen.rejects.queue) out += fmt::format("{}{{stage=\"rejects\"}} {}\n", name, value(*seen.rejects.queue));
  };
  family(out, "sluice_queue_batches", "gauge", "Batches that wait for the stage now.");
  each("sluice_queue_batches", [](const QueueFigures& queue) { return queue.size; });
  family(out, "sluice_queue_capacity", "gauge", "Batches that may wait for the stage.");
  each("sluice_queue_capacity", [](const QueueFigures& queue) { return queue.capacity; });
}

void stage_infos(std::string& out, const Observation& seen) {
  family(out, "sluice_lag_seconds", "gauge", "How far a generator is behind what is to be read.");
  for (const StageFigures& stage : seen.stages) {
    if (stage.lag_s)
      out += fmt::format("sluice_lag_seconds{{generator=\"{}\"}} {:.3f}\n", label(stage.name), *stage.lag_s);
  }
  family(out, "sluice_stage_info", "gauge", "Always 1: what kind of stage has which name.");
  for (const StageSnapshot& stage : seen.ledger.stages) {
    out += fmt::format("sluice_stage_info{{stage=\"{}\",kind=\"{}\"}} 1\n", label(stage.name), label(stage.kind));
  }
}

void run_figures(std::string& out, const Observation& seen, bool ready) {
  family(out, "sluice_in_flight_records", "gauge", "Records that were received and have not ended yet.");
  out += fmt::format("sluice_in_flight_records {}\n", seen.ledger.in_flight);
  family(out, "sluice_reloads_total", "counter", "Reloads of the configuration by how they ended.");
  out += fmt::format("sluice_reloads_total{{result=\"ok\"}} {}\nsluice_reloads_total{{result=\"failed\"}} {}\n",
                     seen.reloads, seen.failed_reloads);
  family(out, "sluice_uptime_seconds", "gauge", "How long the pipeline has been running.");
  out += fmt::format("sluice_uptime_seconds {:.3f}\n", config::in_seconds(seen.ledger.elapsed));
  family(out, "sluice_ready", "gauge", "1 when every stage is up and records are taken.");
  out += fmt::format("sluice_ready {}\n", ready ? 1 : 0);
  family(out, "sluice_workers", "gauge", "Size of the worker pool.");
  out += fmt::format("sluice_workers {}\n", seen.workers);
  family(out, "sluice_build_info", "gauge", "Always 1: the version that runs.");
  out += fmt::format("sluice_build_info{{version=\"{}\"}} 1\n", SLUICE_VERSION);
}

std::size_t open_descriptors() {
  const std::unique_ptr<DIR, int (*)(DIR*)> directory(::opendir("/proc/self/fd"), ::closedir);
  std::size_t count = 0;
  while (directory && ::readdir(directory.get()) != nullptr) ++count;
  return count > 3 ? count - 3 : 0;  // `.`, `..`, and the directory itself
}

std::size_t resident_bytes() {
  const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen("/proc/self/statm", "re"), std::fclose);
  unsigned long all = 0;
  unsigned long resident = 0;
  if (!file || std::fscanf(file.get(), "%lu %lu", &all, &resident) != 2) return 0;
  return resident * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

}  // namespace

std::string metrics_text(const Observation& seen, bool ready) {
  std::string out;
  records(out, seen.ledger);
  bytes(out, seen.ledger);
  errors(out, seen.ledger);
  stage_times(out, seen);
  queues(out, seen);
  stage_infos(out, seen);
  run_figures(out, seen, ready);
  return out;
}

std::string process_metrics_text() {
  rusage usage{};
  ::getrusage(RUSAGE_SELF, &usage);
  const auto in_seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) / 1e6;
  };
  std::string out;
  family(out, "process_cpu_seconds_total", "counter", "CPU time that the process has used.");
  out += fmt::format("process_cpu_seconds_total {:.6f}\n", in_seconds(usage.ru_utime) + in_seconds(usage.ru_stime));
  family(out, "process_resident_memory_bytes", "gauge", "Memory of the process that is resident.");
  out += fmt::format("process_resident_memory_bytes {}\n", resident_bytes());
  family(out, "process_open_fds", "gauge", "File descriptors that are open.");
  out += fmt::format("process_open_fds {}\n", open_descriptors());
  return out;
}

}  // namespace sluice::daemon
