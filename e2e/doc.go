// Package e2e tests the whole house as people meet it: the rehearsal province is started as a program of its own, and a real
// browser writes a post, approves it, asks a question on Zalo, answers it and looks at what citizens see. Every step leaves
// a picture in the folder shots (or where NHIPCAU_SHOTS says), so that what was tested can also be looked at.
package e2e
