// The shared nodes behind Context handles. Not part of the public interface: include flow/context.hpp.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <utility>

namespace sluice::flow::detail {

class CancelNode;
class Root;

enum class Kind : std::uint8_t { background, with_cancel, with_deadline, with_value, without_cancel, after_func };

// A node of the context tree. It owns one reference on its parent, so a context keeps its whole line up to the root
// alive; parents know cancellable children by unowned links only. Reference-counted by hand rather than by
// std::shared_ptr for two reasons: a parent must be able to ask "is this child still alive?" without an allocation
// (try_retain), and a chain of a million nodes must be released without recursion (release).
class Node {
 public:
  Node(const Node&) = delete;
  Node& operator=(const Node&) = delete;
  virtual ~Node() = default;

  void retain() noexcept { references_.fetch_add(1, std::memory_order_relaxed); }
  // Takes a reference unless the last one is already gone.
  bool try_retain() noexcept;
  // Gives a reference back; destroys the node, and then its ancestors as far as nothing else holds them.
  static void release(Node* node) noexcept;

  Kind kind() const noexcept { return kind_; }
  Node* parent() const noexcept { return parent_; }
  Root* root() const noexcept { return root_; }
  // The nearest node at or above this one that can be cancelled; null if nothing can. It is kept alive by this node.
  CancelNode* scope() const noexcept { return scope_; }
  // The value of this one node for the key with that tag, or null.
  const void* value_here(const void* key) const noexcept { return key == key_ ? value_ : nullptr; }

 protected:
  // Takes over the caller's reference on `parent`.
  Node(Kind kind, Node* parent, CancelNode* scope) noexcept;

  void set_root(Root* root) noexcept { root_ = root; }
  void set_value(const void* key, const void* value) noexcept { key_ = key, value_ = value; }
  void drop_parent() noexcept { release(std::exchange(parent_, nullptr)); }
  // Called when the last reference is gone, before the destructor: take yourself out of lists that others read.
  virtual void unlink() noexcept {}

 private:
  std::atomic<std::uint32_t> references_{1};
  const Kind kind_;
  Node* parent_;
  Root* root_;
  CancelNode* const scope_;
  const void* key_ = nullptr;
  const void* value_ = nullptr;
};

// An owning reference on a node.
template <class T>
class Ref {
 public:
  Ref() noexcept = default;
  // Takes over the reference that a new node is born with.
  explicit Ref(std::unique_ptr<T> fresh) noexcept : node_(fresh.release()) {}
  // Takes a reference of its own.
  explicit Ref(T* node) noexcept : node_(node) {
    if (node_ != nullptr) node_->retain();
  }
  Ref(const Ref& other) noexcept : Ref(other.node_) {}
  Ref(Ref&& other) noexcept : node_(std::exchange(other.node_, nullptr)) {}
  Ref& operator=(Ref other) noexcept {
    std::swap(node_, other.node_);
    return *this;
  }
  ~Ref() { Node::release(node_); }

  static Ref adopt(T* node) noexcept {
    Ref ref;
    ref.node_ = node;
    return ref;
  }
  T* get() const noexcept { return node_; }
  T* operator->() const noexcept { return node_; }
  explicit operator bool() const noexcept { return node_ != nullptr; }
  // Gives the reference to the caller.
  T* leak() noexcept { return std::exchange(node_, nullptr); }

 private:
  T* node_ = nullptr;
};

// One per key type; its address is the key's identity.
template <class Key>
inline constexpr char kKeyTag = 0;

template <class Key>
class ValueNode final : public Node {
 public:
  ValueNode(Node* parent, CancelNode* scope, typename Key::Type&& value)
      : Node(Kind::with_value, parent, scope), stored_(std::move(value)) {
    set_value(&kKeyTag<Key>, &stored_);
  }

 private:
  const typename Key::Type stored_;
};

}  // namespace sluice::flow::detail
