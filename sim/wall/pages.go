package wall

import "net/http"

func (w *wall) routes(mux *http.ServeMux) {
	mux.HandleFunc("GET /{$}", func(rw http.ResponseWriter, r *http.Request) {
		for _, oa := range w.zalo.List() {
			rw.Write([]byte(oa.Name + "\n"))
		}
	})
}
