package householdweb

// ReadTable reads an uploaded table.
var ReadTable = readTable
