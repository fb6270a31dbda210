package mail

import (
	"reflect"
	"strings"
	"testing"
)

func crlf(s string) string { return strings.ReplaceAll(s, "\n", "\r\n") }

const bounced = `Return-Path: <>
From: MAILER-DAEMON@mx.thu.example (Mail Delivery System)
To: nhipcau+NB-01@mttq.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="B1"

This is a MIME-encapsulated message.

--B1
Content-Type: text/plain; charset=us-ascii

I'm sorry to have to inform you that your message could not be delivered.

--B1
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.thu.example
Arrival-Date: Sun, 22 Nov 2026 09:00:00 +0700

Final-Recipient: rfc822; ba.con@thu.example
Action: failed
Status: STATUS
Diagnostic-Code: smtp; 550 5.1.1 no such user

--B1
Content-Type: message/rfc822

Message-ID: <NB-01@mttq.example>
From: nhipcau@mttq.example
Subject: =?utf-8?q?L=E1=BB=8Bch?=

text
--B1--
`

const complaint = `From: <abuse@thu.example>
To: nhipcau@mttq.example
Subject: complaint
MIME-Version: 1.0
Content-Type: multipart/report; report-type=feedback-report; boundary="B2"

--B2
Content-Type: text/plain

This is an email abuse report.

--B2
Content-Type: message/feedback-report

Feedback-Type: abuse
User-Agent: SomeGenerator/1.0
Version: 1
Original-Rcpt-To: <ba.con@thu.example>

--B2
Content-Type: text/rfc822-headers

Message-ID: <NB-02@mttq.example>
--B2--
`

func TestParseReport(t *testing.T) {
	hard := Report{Kind: ReportHard, Recipient: "ba.con@thu.example", Status: "5.1.1", MessageIDs: []string{"NB-01@mttq.example"}, To: []string{"nhipcau+NB-01@mttq.example"}}
	soft := hard
	soft.Kind, soft.Status = ReportSoft, "4.2.2"
	for name, c := range map[string]struct {
		letter string
		want   Report
	}{
		"hard":                {strings.Replace(bounced, "STATUS", "5.1.1", 1), hard},
		"soft":                {strings.Replace(bounced, "STATUS", "4.2.2", 1), soft},
		"delayed":             {strings.NewReplacer("STATUS", "4.4.7", "Action: failed", "Action: delayed").Replace(bounced), Report{}},
		"delivered":           {strings.NewReplacer("STATUS", "2.0.0", "Action: failed", "Action: delivered").Replace(bounced), Report{}},
		"complaint":           {complaint, Report{Kind: ReportComplaint, Recipient: "ba.con@thu.example", MessageIDs: []string{"NB-02@mttq.example"}, To: []string{"nhipcau@mttq.example"}}},
		"taken back":          {strings.Replace(complaint, "abuse\n", "not-spam\n", 1), Report{}},
		"an ordinary letter":  {"From: a@b.example\nTo: c@d.example\nContent-Type: text/plain\n\nStatus: 5.1.1\nAction: failed\n", Report{}},
		"nothing":             {"", Report{}},
		"no boundary":         {"Content-Type: multipart/report\n\nx", Report{}},
		"cut off in the head": {bounced[:40], Report{}},
	} {
		for _, letter := range []string{c.letter, crlf(c.letter)} {
			got, err := ParseReport(strings.NewReader(letter))
			if err != nil || !reflect.DeepEqual(got, c.want) {
				t.Errorf("%s: %+v %v", name, got, err)
			}
		}
	}
}

// Whatever comes in: no panic, and what is called a report has its bounds.
func FuzzParseReport(f *testing.F) {
	f.Add(strings.Replace(bounced, "STATUS", "5.1.1", 1))
	f.Add(crlf(complaint))
	f.Add("Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\n: \n\n--a--")
	f.Fuzz(func(t *testing.T, s string) {
		r, err := ParseReport(strings.NewReader(s))
		if err != nil || len(r.MessageIDs) > maxMentions || len(r.To) > maxMentions || r.Kind == ReportNone && (r.Status != "" || len(r.To) > 0) {
			t.Errorf("%+v %v", r, err)
		}
	})
}
