// Errors as values: a std::error_code with an optional message for people.
#pragma once

#include <memory>
#include <string>
#include <system_error>
#include <type_traits>

namespace sluice::flow {

// Why work was interrupted. Compare with the generic conditions where the distinction does not matter:
// `canceled` equals std::errc::operation_canceled, `deadline_exceeded` equals std::errc::timed_out.
enum class Errc {
  canceled = 1,           // somebody cancelled the context (Go's context.Canceled)
  deadline_exceeded = 2,  // the context's deadline passed (Go's context.DeadlineExceeded)
  exception = 3,          // a function ended with an exception that carries no error code
};

// The category of Errc; its name is "sluice.flow".
const std::error_category& error_category() noexcept;

std::error_code make_error_code(Errc code) noexcept;

}  // namespace sluice::flow

template <>
struct std::is_error_code_enum<sluice::flow::Errc> : std::true_type {};

namespace sluice::flow {

// An error or none: what functions return instead of throwing. A regular value type; copying costs at most one
// reference count, and an empty Error, or one made of an Errc alone, never allocates.
// Thread-safety: as a std::string (distinct objects are independent, concurrent reads are fine).
class Error {
 public:
  // No error.
  Error() noexcept = default;

  // An error with a code and a message that says what happened and what to do next. Without a message, the code's own
  // is used. A message without a code is an error too.
  Error(std::error_code code, std::string message = {});  // NOLINT(google-explicit-constructor): `return code;`

  // The same from an enumeration of error codes (Errc, std::errc, std::io_errc, ...).
  template <class Enum>
  requires(std::is_error_code_enum_v<Enum> || std::is_error_condition_enum_v<Enum>)
      Error(Enum code, std::string message = {})  // NOLINT(google-explicit-constructor): `return Errc::canceled;`
      : Error(to_code(code), std::move(message)) {}

  // True if there is an error.
  explicit operator bool() const noexcept { return code_.value() != 0 || message_ != nullptr; }

  // The code; zero if there is no error.
  const std::error_code& code() const noexcept { return code_; }

  // The message, or the code's own message if none was given; empty if there is no error. The reference is good as long
  // as this object is neither changed nor destroyed.
  const std::string& message() const noexcept;

  // Equal code and equal message.
  friend bool operator==(const Error& left, const Error& right) noexcept {
    return left.code_ == right.code_ && (left.message_ == right.message_ || left.message() == right.message());
  }

 private:
  template <class Enum>
  static std::error_code to_code(Enum code) noexcept {
    return make_error_code(code);  // found by argument-dependent lookup
  }

  std::error_code code_;
  std::shared_ptr<const std::string> message_;  // shared and immutable, so that copies are cheap and cannot fail
};

// The exception being handled as an Error: a std::system_error gives its code, std::bad_alloc gives
// std::errc::not_enough_memory, everything else Errc::exception; the message is what(). Call inside a catch block.
Error error_from_current_exception() noexcept;

}  // namespace sluice::flow
