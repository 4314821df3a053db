// Notices that somebody undoes what we do, and how to be the one who gives way.
//
// Two controllers that each put right what the other has just put right write without end. What stays right
// for a minute before it is undone is no such loop (a person, a GitOps tool's next round): it is put right at
// once. What is undone sooner is left for 1, 2, 4 … seconds, up to ten minutes, after the third time; and
// after the fifth, what is not needed to serve is left undone for a day.
#pragma once

#include <chrono>

#include "base/clock.hpp"

namespace digester::certificate {

class Rivalry {
 public:
  static constexpr int kFree = 3;      // times that are put right without delay
  static constexpr int kPatience = 5;  // then the other party has won

  // At every look, and after every change of ours that was accepted (`right` is then true).
  void observe(bool right, SteadyTime now);
  // Before observe(): from now on something else is right. What is wrong then, nobody has undone.
  void wish_changed(SteadyTime now);

  // Put right what is wrong not before this. `needed`: we cannot serve as it is.
  SteadyTime not_before(bool needed) const;
  bool may_act(bool needed, SteadyTime now) const { return now >= not_before(needed); }

  // True while somebody undoes what we do; false again once it has been left alone for a day.
  bool fighting() const { return undone_ >= kPatience; }
  // True once for each fight.
  bool take_news();

 private:
  bool right_ = false;
  bool told_ = false;
  int undone_ = 0;
  SteadyTime right_since_{};
  SteadyTime wrong_since_{};
};

}  // namespace digester::certificate
