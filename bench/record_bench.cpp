// The codecs: bytes per second for indexing and writing JSON, beside a plain copy of the same bytes.
#include <benchmark/benchmark.h>

#include <string>
#include <vector>

#include "record/batch.hpp"
#include "record/json_index.hpp"
#include "record/json_writer.hpp"

namespace {

using namespace sluice::record;

// 256 KiB of access-log records like those of the jobs.
std::string make_lines() {
  std::string text;
  for (int i = 0; text.size() < 256 * 1024; ++i) {
    text +=
        R"({"ts":"2026-11-13T20:03:04.840Z","level":")" + std::string(i % 33 == 0 ? "error" : "info") +
        R"(","service":"web","host":"node-46","client_ip":"150.15.233.130","method":"GET","path":"/api/v1/users/)" +
        std::to_string(i * 7919 % 100'000) +
        R"(","status":200,"bytes":11365,"duration_ms":216.823,"user_agent":"Go-http-client/1.1","trace_id":"9f86d081884c7d659a2feaa0c55ad015"})"
        "\n";
  }
  return text;
}

std::vector<Record> split(std::string_view text) {
  std::vector<Record> records;
  for (std::size_t end; (end = text.find('\n')) != std::string_view::npos; text.remove_prefix(end + 1)) {
    records.emplace_back(text.substr(0, end));
  }
  return records;
}

void set_bytes(benchmark::State& state, const std::string& text) {
  state.SetBytesProcessed(static_cast<std::int64_t>(state.iterations() * text.size()));
}

void copy_bytes(benchmark::State& state) {
  const std::string text = make_lines();
  Buffer out;
  for (auto _ : state) {
    out.clear();
    out.append(text);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, text);
}
BENCHMARK(copy_bytes);

void index_json(benchmark::State& state) {
  const std::string text = make_lines();
  const std::vector<Record> lines = split(text);
  FieldTable fields;
  fields.intern("level");
  fields.intern("dc");
  JsonIndexer indexer(fields);
  Arena arena;
  for (auto _ : state) {
    arena.reset();
    std::vector<Record> records = lines;
    indexer.index(records, arena);
    benchmark::DoNotOptimize(records.data());
  }
  set_bytes(state, text);
}
BENCHMARK(index_json);

void write_indexed_json(benchmark::State& state) {
  const std::string text = make_lines();
  FieldTable fields;
  const FieldKey dc = fields.intern("dc");
  JsonIndexer indexer(fields);
  Arena arena;
  std::vector<Record> records = split(text);
  indexer.index(records, arena);
  for (Record& record : records) record.set(dc, Value::string("fra1"), arena);
  Buffer out;
  for (auto _ : state) {
    out.clear();
    for (const Record& record : records) {
      write_json(out, record, Utf8Trust::trusted);
      out.push_back('\n');
    }
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, text);
}
BENCHMARK(write_indexed_json);

void write_strings(benchmark::State& state) {
  const std::string text(static_cast<std::size_t>(state.range(0)), 'x');
  Buffer out;
  for (auto _ : state) {
    out.clear();
    write_json_string(out, text, Utf8Trust::trusted);
    benchmark::DoNotOptimize(out.data());
  }
  set_bytes(state, text);
}
BENCHMARK(write_strings)->Arg(8)->Arg(64)->Arg(1024);

}  // namespace
