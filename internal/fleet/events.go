package fleet

// AlertOpened is published when a channel got a trouble that it did not have.
type AlertOpened struct {
	AlertID   string    `json:"alert"`
	AccountID string    `json:"account"`
	UnitID    string    `json:"unit"`
	Cause     Condition `json:"cause"`
}

// Kind implements jobs.Event.
func (AlertOpened) Kind() string { return "fleet.alert_opened" }

// AlertClosed is published when a trouble is over.
type AlertClosed struct {
	AlertID   string    `json:"alert"`
	AccountID string    `json:"account"`
	UnitID    string    `json:"unit"`
	Cause     Condition `json:"cause"`
}

// Kind implements jobs.Event.
func (AlertClosed) Kind() string { return "fleet.alert_closed" }
