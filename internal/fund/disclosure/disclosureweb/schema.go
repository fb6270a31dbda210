package disclosureweb

// Schema describes what a door answers, or what may be put into its address (JSON Schema 2020-12, as OpenAPI 3.1 has it). Only
// these words of it are used, so that a small checker can hold every answer against it.
type Schema struct {
	Type        any                `json:"type"` // "object", or ["string", "null"]
	Description string             `json:"description,omitempty"`
	Format      string             `json:"format,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Minimum     *int64             `json:"minimum,omitempty"`
	Maximum     *int64             `json:"maximum,omitempty"`
	Items       *Schema            `json:"items,omitempty"`
	Properties  map[string]*Schema `json:"properties,omitempty"`
	Required    []string           `json:"required,omitempty"`
}

// Forms of text that come again.
const (
	formOfCode = `^[A-Z0-9][A-Z0-9-]*$`
	formOfLine = `^[A-Z0-9][A-Z0-9-]*\.[1-9][0-9]*$`
	formOfHash = `^[0-9a-f]{64}$`
)

func text(doc string) *Schema { return &Schema{Type: "string", Description: doc} }

func shaped(pattern, doc string) *Schema {
	return &Schema{Type: "string", Pattern: pattern, Description: doc}
}

func formed(format, doc string) *Schema {
	return &Schema{Type: "string", Format: format, Description: doc}
}

func oneOf(doc string, values ...string) *Schema {
	return &Schema{Type: "string", Enum: values, Description: doc}
}

func whole(doc string) *Schema { return &Schema{Type: "integer", Description: doc} }

func between(least, most int64, doc string) *Schema {
	return &Schema{Type: "integer", Minimum: &least, Maximum: &most, Description: doc}
}

func count(doc string) *Schema {
	zero := int64(0)
	return &Schema{Type: "integer", Minimum: &zero, Description: doc}
}

func list(of *Schema) *Schema { return &Schema{Type: "array", Items: of} }

// prop is one part of an object.
type prop struct {
	name   string
	schema *Schema
	may    bool // it may be missing
}

func object(parts ...prop) *Schema {
	s := &Schema{Type: "object", Properties: map[string]*Schema{}}
	for _, p := range parts {
		s.Properties[p.name] = p.schema
		if !p.may {
			s.Required = append(s.Required, p.name)
		}
	}
	return s
}

func has(name string, s *Schema) prop { return prop{name, s, false} }
func may(name string, s *Schema) prop { return prop{name, s, true} }

func appealsSchema() *Schema {
	return object(has("appeals", list(object(
		has("code", shaped(formOfCode, "Short code, kept for ever")), has("name", text("Full name")), has("kind", oneOf("Kind of fund", "relief", "poor", "border", "custom")),
		has("unit", text("Unit that leads the appeal")), has("basis", text("The document that opens it")),
		has("opens", formed("date", "First day on which gifts are taken")), has("closes", formed("date", "Last day on which gifts are taken")), has("state", oneOf("Are gifts taken now", "soon", "open", "closed")),
		has("lines", count("Lines of the statement")), has("total", whole("Sum of the lines, đồng")),
		may("sha256", shaped(formOfHash, "Of statement.csv, hexadecimal; missing while it is computed anew")), has("size", count("Bytes of statement.csv")),
		may("updated_at", formed("date-time", "When the newest line was published; missing while there is none")),
		has("page", formed("uri", "The statement for people")), has("gifts", formed("uri", "Its lines for programs")), has("statement", formed("uri", "The whole file"))))))
}

func giftsSchema() *Schema {
	cursor := shaped(`^[1-9][0-9]*$`, "Give it back as cursor for the lines that follow; null at the end")
	cursor.Type = []string{"string", "null"}
	return object(has("appeal", shaped(formOfCode, "Code of the appeal")), has("lines", count("Lines of the whole statement")), has("total", whole("Sum of the whole statement, đồng")),
		has("gifts", list(object(
			has("id", shaped(formOfLine, "Name of the line, kept for ever")), has("line", count("Its number, from 1 in order of publication")),
			has("kind", kindSchema()), has("date", formed("date", "Day on which the bank booked it, or the cash was received")), may("time", shaped(`^[0-2][0-9]:[0-5][0-9]:[0-5][0-9]$`, "Where the bank says it")),
			has("amount", whole("Đồng; below zero where money went back or the line takes another away")), has("channel", text("Code of the bank, or cash")),
			may("purpose", text("Code of what it was given for; missing: the appeal as a whole")), may("about", shaped(formOfLine, "The line that this one corrects")),
			may("name", text("As the giver chose to be named; missing without consent")), has("memo", text("Masked")),
			has("receipt", formed("uri", "Its receipt with the proof")), has("page", formed("uri", "The line for people"))))),
		has("next_cursor", cursor))
}

func kindSchema() *Schema {
	return oneOf("What the line says", "gift", "refund", "withdrawal", "correction")
}

func receiptSchema() *Schema {
	hash := shaped(`^([0-9a-f]{64})?$`, "SHA-256 of salt, line feed and text, hexadecimal; empty when there never was one")
	hashes := list(formed("byte", ""))
	return object(has("form", oneOf("Form of this file", "nhipcau gift receipt v1")), has("id", shaped(formOfLine, "Name of the line")), has("appeal", shaped(formOfCode, "Code of the appeal")),
		may("appeal_name", text("Its name")), has("kind", kindSchema()), has("day", formed("date", "")), has("amount", whole("Đồng")), has("channel", text("Code of the bank, or cash")),
		has("purpose", text("Empty: the appeal as a whole")), has("about", text("The line that this one corrects; empty")), has("name", text("Chosen by the giver; empty without consent")),
		has("name_salt", text("")), has("name_hash", hash), has("memo", text("Masked")), has("memo_salt", text("")), has("memo_hash", hash),
		has("published_at", formed("date-time", "")), has("leaf", shaped(formOfHash, "What this line is in the tree of its batch")),
		has("batch", object(has("no", count("")), has("first", count("Number of its first line")), has("index", count("Of this line in it, from 0")), has("count", count("")),
			has("hashes", hashes), has("root", shaped(formOfHash, "")), has("rows_so_far", count("Lines of the statement with this batch")), has("total_so_far", whole("Đồng, with this batch")))),
		may("proof", object(has("index", count("Place of the batch in the log")), has("size", count("Of the tree that the proof is for")), has("hashes", hashes), has("checkpoint", text("Signed note (C2SP tlog-checkpoint)")))),
		may("log_key", text("Verification key of the log: compare it with the published one")))
}

func metadataSchema() *Schema {
	return object(has("@context", &Schema{Type: "array"}), has("url", text("The file, relative to this document")), has("dc:title", text("")), has("dc:creator", text("")), may("dc:modified", formed("date-time", "")),
		has("nhipcau:lines", count("Control total: lines")), has("nhipcau:total", whole("Control total: đồng")), may("nhipcau:sha256", shaped(formOfHash, "Of the file")), has("nhipcau:size", count("Bytes")),
		has("dialect", object(has("encoding", oneOf("", "utf-8")), has("delimiter", oneOf("", ",")), has("header", &Schema{Type: "boolean"}))),
		has("tableSchema", object(has("columns", list(object(has("name", text("")), has("titles", text("")), has("dc:description", &Schema{Type: "object"}), has("datatype", &Schema{Type: []string{"string", "object"}}),
			has("required", &Schema{Type: "boolean"})))), has("primaryKey", text("")), has("aboutUrl", text("")))))
}

// allocationsSchema is the part of the release package of OCDS 1.1 that is filled here, with what that standard requires of it.
func allocationsSchema() *Schema {
	party := object(may("id", text("")), has("name", text("")))
	value := object(has("amount", count("Đồng")), has("currency", oneOf("", dong)))
	return object(has("uri", formed("uri", "")), has("version", oneOf("", "1.1")), has("publishedDate", formed("date-time", "")), has("publisher", party), has("license", formed("uri", "")),
		has("releases", list(object(has("ocid", text("")), has("id", text("")), has("date", formed("date-time", "")), has("tag", list(oneOf("", "award"))), has("initiationType", oneOf("", "tender")),
			has("language", text("")), has("buyer", party),
			has("planning", object(has("rationale", text("")), has("documents", list(object(has("id", text("")), has("title", text("")), has("datePublished", formed("date-time", ""))))),
				has("budget", object(has("description", text("")), has("amount", value))))),
			has("awards", list(object(has("id", text("")), has("title", text("")), may("description", text("")), has("status", oneOf("", "active")), has("date", formed("date-time", "")), has("value", value),
				may("x_paid", value), has("x_head", text("Letter of Decree 93/2021/NĐ-CP, article 11(1)")), has("suppliers", list(party)))))))))
}

// problemSchema is what every refusal says (RFC 9457).
func problemSchema() *Schema {
	errors := list(object(may("field", text("The argument that is wrong")), has("code", text("Stable name of what was wrong")), has("detail", text("The same for people, in Vietnamese or as Accept-Language asks"))))
	return object(has("title", text("")), has("status", between(400, 599, "")), has("errors", &Schema{Type: []string{"array", "null"}, Items: errors.Items}))
}
