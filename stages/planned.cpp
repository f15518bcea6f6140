#include "stages/planned.hpp"

#include <array>
#include <string>
#include <utility>

namespace sluice::stages {
namespace {

struct Plan {
  const char* kind;
  const char* variant;
  const char* summary;
};

constexpr std::array kPlans = {
    Plan{"generate", "journald", "Reads the journal of systemd."},
    Plan{"generate", "syslog", "Receives syslog messages over UDP, TCP or a Unix socket."},
    Plan{"generate", "socket", "Receives lines over a socket."},
    Plan{"generate", "exec", "Reads the lines that a program prints."},
    Plan{"generate", "kafka", "Reads from Kafka."},
    Plan{"write", "http", "Sends records by HTTP requests."},
    Plan{"write", "syslog", "Sends syslog messages."},
    Plan{"write", "kafka", "Writes to Kafka."},
    Plan{"write", "loki", "Sends records to Grafana Loki."},
    Plan{"write", "elasticsearch", "Sends records to Elasticsearch."},
};

}  // namespace

std::vector<Definition> planned() {
  std::vector<Definition> all;
  for (const Plan& plan : kPlans) {
    config::StageSpec spec;
    spec.kind = plan.kind;
    spec.variant = plan.variant;
    spec.summary = plan.summary;
    spec.supported = false;
    all.push_back({std::move(spec), [](const config::Settings&, Workshop&) -> AnyStage { return {}; }});
  }
  return all;
}

}  // namespace sluice::stages
