// How many requests are left to one look-up, so that no registry can make us ask for ever.
#pragma once

namespace digester::registry {

class Budget {
 public:
  explicit Budget(unsigned requests) : left_(requests) {}
  // False when nothing is left.
  bool take() {
    if (left_ == 0) return false;
    --left_;
    return true;
  }
  // Somebody else asked on our behalf.
  void charge(unsigned requests) { left_ -= requests < left_ ? requests : left_; }
  unsigned left() const { return left_; }

 private:
  unsigned left_;
};

}  // namespace digester::registry
