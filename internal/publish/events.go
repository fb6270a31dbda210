package publish

// Published is heard when a post first stands in public.
type Published struct {
	PostID  string
	Version int
}

// Kind implements jobs.Event.
func (Published) Kind() string { return "publish.published" }

// Corrected is heard when a new version replaces one that stood in public.
type Corrected struct {
	PostID  string
	Version int
}

// Kind implements jobs.Event.
func (Corrected) Kind() string { return "publish.corrected" }

// Retracted is heard when a post is taken down.
type Retracted struct {
	PostID  string
	Version int
}

// Kind implements jobs.Event.
func (Retracted) Kind() string { return "publish.retracted" }
