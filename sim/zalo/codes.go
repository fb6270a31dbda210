package zalo

// Error codes of the OA API (all answered with HTTP 200). The token endpoint has its own, from -14000 down.
const (
	codeRate          = -32
	codeAttachment    = -100
	codeSendFailed    = -200
	codeParam         = -201
	codeOADisabled    = -204
	codeOAAbsent      = -205
	codeLimit         = -210
	codeQuota         = -211
	codeNotFollower   = -213
	codeProcessing    = -214
	codeTokenInvalid  = -216
	codeReceiverQuota = -218
	codeAppRemoved    = -219
	codeTokenExpired  = -220
	codeUnverified    = -221
	codeNotGranted    = -223
	codePackage       = -224
	codeInactive      = -227
	codeNoInteraction = -230
	codeExpiredWindow = -232
	codeMessageType   = -233
	codeNight         = -234
	codeOAType        = -235
	codeV2Shut        = -240
	codeProof         = -242
	codeNoZCA         = -320

	codeAuthApp      = -14002
	codeAuthRedirect = -14003
	codeAuthSecret   = -14004
	codeAuthCode     = -14005
	codeAuthRefresh  = -14014
	codeAuthGrant    = -14018
)

var authNames = map[int]string{codeAuthApp: "Invalid app id.", codeAuthRedirect: "Invalid redirect uri.", codeAuthSecret: "Invalid secret key.",
	codeAuthCode: "Invalid authorization code.", codeAuthRefresh: "Invalid refresh token.", codeAuthGrant: "Invalid grant type."}

// reply is what an API call answers: the envelope {"error","message","data"}.
type reply struct {
	code    int
	message string
	data    any
	extra   map[string]any // beside data, for the few calls that answer more
}

func fine(data any) reply                   { return reply{message: "Success", data: data} }
func refuse(code int, message string) reply { return reply{code: code, message: message} }

// badParam is the -201 of one parameter.
func badParam(name string) reply { return refuse(codeParam, name+" is invalid") }
