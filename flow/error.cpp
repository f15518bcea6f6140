#include "flow/error.hpp"

#include <new>

namespace sluice::flow {

namespace {

const std::string& text(Errc code) noexcept {
  static const std::string canceled = "context canceled";
  static const std::string deadline_exceeded = "context deadline exceeded";
  static const std::string exception = "a function ended with an exception";
  static const std::string unknown = "unknown error of sluice.flow";
  switch (code) {
    case Errc::canceled:
      return canceled;
    case Errc::deadline_exceeded:
      return deadline_exceeded;
    case Errc::exception:
      return exception;
  }
  return unknown;
}

class Category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "sluice.flow"; }
  std::string message(int value) const override { return text(static_cast<Errc>(value)); }
  std::error_condition default_error_condition(int value) const noexcept override {
    switch (static_cast<Errc>(value)) {
      case Errc::canceled:
        return std::errc::operation_canceled;
      case Errc::deadline_exceeded:
        return std::errc::timed_out;
      case Errc::exception:
        break;
    }
    return {value, *this};
  }
};

}  // namespace

const std::error_category& error_category() noexcept {
  static const Category category;
  return category;
}

std::error_code make_error_code(Errc code) noexcept { return {static_cast<int>(code), error_category()}; }

Error::Error(std::error_code code, std::string message) : code_(code) {
  if (!message.empty()) {
    message_ = std::make_shared<const std::string>(std::move(message));
  } else if (code_ && code_.category() != error_category()) {
    // message() hands out a reference, so there must be a string behind it. Our own codes have theirs already: making
    // the error of a cancellation must not allocate.
    message_ = std::make_shared<const std::string>(code_.message());
  }
}

const std::string& Error::message() const noexcept {
  static const std::string none;
  if (message_) return *message_;
  return code_ ? text(static_cast<Errc>(code_.value())) : none;
}

Error error_from_current_exception() noexcept {
  try {
    throw;
  } catch (const std::system_error& error) {
    return Error(error.code(), error.what());
  } catch (const std::bad_alloc& error) {
    return Error(std::make_error_code(std::errc::not_enough_memory), error.what());
  } catch (const std::exception& error) {
    return Error(Errc::exception, error.what());
  } catch (...) {
    return Error(Errc::exception, "a function ended with an exception of unknown type");
  }
}

}  // namespace sluice::flow
