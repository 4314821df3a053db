// Bytes received and not yet used up. Views into it stay valid until reserve() or reset().
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <memory>
#include <string_view>

namespace digester::net::server {

class InputBuffer {
 public:
  std::string_view unread() const { return {data_.get() + begin_, end_ - begin_}; }
  bool empty() const { return begin_ == end_; }
  std::size_t capacity() const { return capacity_; }

  void consume(std::size_t size) { begin_ += size; }

  // Where the next bytes go; commit() says how many came.
  char* space() { return data_.get() + end_; }
  std::size_t space_size() const { return capacity_ - end_; }
  void commit(std::size_t size) { end_ += size; }

  // Makes space for at least `size` bytes by moving what is unread to the front, or to a larger block.
  void reserve(std::size_t size) {
    if (space_size() >= size) return;
    const std::size_t unread_size = end_ - begin_;
    if (capacity_ - unread_size >= size && capacity_ != 0) {
      std::memmove(data_.get(), data_.get() + begin_, unread_size);
    } else {
      const std::size_t capacity = std::max(unread_size + size, 2 * capacity_);
      auto data = std::make_unique_for_overwrite<char[]>(capacity);
      if (unread_size != 0) std::memcpy(data.get(), data_.get() + begin_, unread_size);
      data_ = std::move(data);
      capacity_ = capacity;
    }
    begin_ = 0;
    end_ = unread_size;
  }

  // Gives the space of bytes behind `position` back, all of which have been consumed: what lies before it
  // (a request's head) stays where it is.
  void reuse_from(std::size_t position) { begin_ = end_ = position; }
  std::size_t position() const { return begin_; }

  // Empty, memory kept.
  void reset() { begin_ = end_ = 0; }

 private:
  std::unique_ptr<char[]> data_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace digester::net::server
