package feedback

// Received is published soon after cases were taken in, once for all that came in at about the same time.
type Received struct {
	CaseIDs []string
}

// Kind implements jobs.Event.
func (Received) Kind() string { return "feedback.received" }

// Routed is published when another unit must act.
type Routed struct {
	CaseID   string
	FromUnit string
	ToUnit   string
}

// Kind implements jobs.Event.
func (Routed) Kind() string { return "feedback.routed" }

// Answered is published when an answer was approved.
type Answered struct {
	CaseID   string
	UnitID   string
	AnswerID string
	EventID  string
}

// Kind implements jobs.Event.
func (Answered) Kind() string { return "feedback.answered" }

// Overdue is published once when the last day of an open case has passed: the leader of the unit must know.
type Overdue struct {
	CaseID string
	UnitID string
}

// Kind implements jobs.Event.
func (Overdue) Kind() string { return "feedback.overdue" }

// AnswerPublished is published when a question and its answer came into the public list.
type AnswerPublished struct {
	CaseID string
	UnitID string
}

// Kind implements jobs.Event.
func (AnswerPublished) Kind() string { return "feedback.published" }

// AnswerWithdrawn is published when a question and its answer were taken out of the public list.
type AnswerWithdrawn struct {
	CaseID string
	UnitID string
}

// Kind implements jobs.Event.
func (AnswerWithdrawn) Kind() string { return "feedback.withdrawn" }

// Classified is published when the legal kind of a case was decided anew. Who keeps words of the case must put them away when
// the kind is a secret one.
type Classified struct {
	CaseID string
	As     Kind
}

// Kind implements jobs.Event.
func (Classified) Kind() string { return "feedback.classified" }

// Merged is published when a case was joined to another that says the same.
type Merged struct {
	CaseID string
	Into   string
}

// Kind implements jobs.Event.
func (Merged) Kind() string { return "feedback.merged" }
