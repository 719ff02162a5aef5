// Package chat answers visitors' questions from the branch's own questions and
// answers, without a screen and without a network: it ranks the topics for a
// question typed in a hurry, says how sure it is, offers suggestions where it
// is not, and hands over to a person where that is better.
//
// Engine finds; Session behaves, one for each visitor; Journal keeps what was
// asked, masked; Gaps and Preview show staff what the answers lack; Evaluate
// measures.
package chat
