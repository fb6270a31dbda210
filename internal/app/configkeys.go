package app

import "reflect"

// knownKeys lists every setting as "section.name", read off the Config struct itself.
func knownKeys() map[string]bool {
	keys := map[string]bool{}
	collectKeys(reflect.TypeFor[Config](), "", keys)
	return keys
}

func collectKeys(t reflect.Type, prefix string, into map[string]bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		name := prefix + f.Tag.Get("koanf")
		if f.Type.Kind() == reflect.Struct {
			collectKeys(f.Type, name+".", into)
			continue
		}
		into[name] = true
	}
}
