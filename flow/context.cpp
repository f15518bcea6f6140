#include "flow/context.hpp"

#include <mutex>
#include <thread>
#include <vector>

#include "flow/detail/cancel.hpp"

namespace sluice::flow {

namespace detail {

constinit const std::atomic<std::uint32_t> kNeverDone{0};

namespace {

// The root that is alive, if any: an observer, so that all contexts of the process share one set of threads although
// nobody owns it but they. The only global state of the library; see docs/context.md.
constinit std::mutex current_root_mutex;
constinit Root* current_root = nullptr;  // guarded by the mutex

CancelNode* cancel_node(const Ref<Node>& node) noexcept { return static_cast<CancelNode*>(node.get()); }

// A child node of type T; takes a reference on the parent for it.
template <class T, class... Arguments>
Ref<T> make_child(const Context& parent, Arguments&&... arguments) {
  Ref<Node> held(Access::node(parent));
  Ref<T> child(std::make_unique<T>(held.get(), std::forward<Arguments>(arguments)...));
  held.leak();
  return child;
}

template <class T>
Ref<Node> as_node(Ref<T> ref) noexcept {
  return Ref<Node>::adopt(ref.leak());
}

Cancellable cancellable(Ref<CancelNode> node) {
  Context context = Access::context(Ref<Node>(node.get()));
  return {std::move(context), Access::handle(as_node(std::move(node)))};
}

}  // namespace

Root::~Root() {
  {
    const std::lock_guard lock(current_root_mutex);
    if (current_root == this) current_root = nullptr;
  }
  Runtime::shut_down(runtime_);
}

CancelHandle Access::handle(Ref<Node> node) noexcept {
  CancelHandle handle;
  handle.node_ = std::move(node);
  return handle;
}

AfterFunc Access::after(Ref<Node> node) noexcept {
  AfterFunc registration;
  registration.node_ = std::move(node);
  return registration;
}

}  // namespace detail

using detail::Access;
using detail::Kind;
using detail::Node;
using detail::Ref;

// --- Context ---

Context::Context(Ref<Node> node) noexcept
    : node_(std::move(node)), state_(node_->scope() == nullptr ? &detail::kNeverDone : &node_->scope()->state()) {}

std::error_code Context::error() const noexcept {
  return node_->scope() == nullptr ? std::error_code{} : node_->scope()->error();
}

Error Context::cause() const noexcept { return node_->scope() == nullptr ? Error{} : node_->scope()->cause(); }

std::optional<Context::Clock::time_point> Context::deadline() const noexcept {
  // The nearest is the earliest: with_deadline makes a deadline node only for one that is earlier than its parent's.
  for (const Node* node = node_.get(); node != nullptr && node->kind() != Kind::without_cancel; node = node->parent()) {
    if (node->kind() == Kind::with_deadline) return static_cast<const detail::DeadlineNode*>(node)->time();
  }
  return std::nullopt;
}

const void* Context::find_value(const void* key) const noexcept {
  for (const Node* node = node_.get(); node != nullptr; node = node->parent()) {
    if (const void* value = node->value_here(key)) return value;
  }
  return nullptr;
}

void Context::wait() const {
  if (node_->scope() != nullptr) return node_->scope()->wait();
  for (;;) std::this_thread::sleep_for(std::chrono::hours(24));  // documented: never done
}

bool Context::wait_until_steady(Clock::time_point time) const {
  if (node_->scope() != nullptr) return node_->scope()->wait_until(time);
  std::this_thread::sleep_until(time);
  return false;
}

std::string Context::describe() const {
  constexpr const char* kNames[] = {"background", "with_cancel", "with_deadline", "with_value", "without_cancel", ""};
  std::vector<const char*> line;
  for (const Node* node = node_.get(); node != nullptr; node = node->parent()) {
    line.push_back(kNames[static_cast<std::size_t>(node->kind())]);
  }
  std::string text = line.back();
  for (auto name = line.rbegin() + 1; name != line.rend(); ++name) text.append(".").append(*name);
  return text;
}

std::size_t Context::child_count() const { return node_->scope() == nullptr ? 0 : node_->scope()->child_count(); }

tbb::task_group_context* Context::task_group() const {
  return node_->scope() == nullptr ? nullptr : node_->scope()->task_group();
}

// --- Making contexts ---

Context background() {
  const std::lock_guard lock(detail::current_root_mutex);
  if (detail::current_root != nullptr && detail::current_root->try_retain()) {
    return Access::context(Ref<Node>::adopt(detail::current_root));
  }
  Thread::join_left();  // of roots that went on one of their own threads
  auto root = std::make_unique<detail::Root>();
  detail::current_root = root.get();
  return Access::context(Ref<Node>(std::unique_ptr<Node>(std::move(root))));
}

Cancellable with_cancel(const Context& parent) {
  auto node = detail::make_child<detail::CancelNode>(parent);
  node->start();
  return detail::cancellable(std::move(node));
}

Cancellable with_deadline(const Context& parent, Context::Clock::time_point time, Error cause) {
  if (const auto earlier = parent.deadline(); earlier && *earlier <= time) return with_cancel(parent);
  if (!cause) cause = Error(Errc::deadline_exceeded);
  auto node = detail::make_child<detail::DeadlineNode>(parent, time, std::move(cause));
  node->start();
  if (time <= Context::Clock::now()) {
    node->expire();
  } else if (!node->error()) {
    try {
      node->arm();
    } catch (const std::exception&) {
      // A deadline that nobody watches would be a lie: the context ends at once, and says why.
      node->cancel(Errc::canceled, error_from_current_exception());
    }
  }
  return detail::cancellable(Ref<detail::CancelNode>::adopt(node.leak()));
}

Context without_cancel(const Context& parent) {
  return Access::context(detail::as_node(detail::make_child<detail::DetachedNode>(parent)));
}

// --- Handles ---

CancelHandle& CancelHandle::operator=(CancelHandle&& other) noexcept {
  CancelHandle old(std::move(*this));  // cancels at the end of this scope
  node_ = std::move(other.node_);
  companion_ = std::move(other.companion_);
  return *this;
}

CancelHandle::~CancelHandle() { cancel(); }

void CancelHandle::cancel() { cancel(Error{}); }

void CancelHandle::cancel(Error cause) {
  if (!node_) return;
  if (!cause) cause = Error(Errc::canceled);
  detail::cancel_node(node_)->cancel(Errc::canceled, cause);
}

AfterFunc after_func(const Context& context, std::function<void()> function) {
  auto node = detail::make_child<detail::AfterNode>(context, std::move(function));
  node->start();
  return Access::after(detail::as_node(std::move(node)));
}

AfterFunc& AfterFunc::operator=(AfterFunc&& other) noexcept {
  AfterFunc old(std::move(*this));
  node_ = std::move(other.node_);
  return *this;
}

AfterFunc::~AfterFunc() { stop(); }

bool AfterFunc::stop() { return node_ && static_cast<detail::AfterNode*>(node_.get())->stop(); }

OnDone::OnDone(const Context& context, std::function<void()> function)
    : scope_(Access::node(context)->scope()), function_(std::move(function)) {
  if (scope_) detail::cancel_node(scope_)->add_hook(*this);
}

OnDone::~OnDone() {
  if (scope_) detail::cancel_node(scope_)->remove_hook(*this);
}

}  // namespace sluice::flow
