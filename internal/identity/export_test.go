package identity

import "github.com/alexedwards/argon2id"

// WeakHashes makes passwords cheap to compute, so that tests of many guesses do not take minutes.
func WeakHashes() {
	argonParams = &argon2id.Params{Memory: 64, Iterations: 1, Parallelism: 1, SaltLength: 16, KeyLength: 32}
}
