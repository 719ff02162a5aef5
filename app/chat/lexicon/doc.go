// Package lexicon knows the words that visitors use: it folds case and
// accents, finds the stem of a word in Spanish and English, knows which words
// say nothing, which mean the same across Latin America and Spain, and which
// belong to another matter altogether; it mends typing mistakes, and guesses
// the language of a question.
//
// Its words lie in text files that can be edited (words/); Load refuses a bad
// one with all that is wrong in it.
package lexicon
