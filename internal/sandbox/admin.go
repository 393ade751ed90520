package sandbox

import "net/http"

func (s *Sandbox) adminHandler() http.Handler { return http.NotFoundHandler() }
