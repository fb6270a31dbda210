// Package docs holds the documents of the house and, in its tests, what keeps them true: every setting, dependency and
// column with personal data must stand in them, and their links must lead somewhere. There is no code here.
package docs
