import Access
import EventLoop
import HTTPServer
import JSON
import Kernel
import Postgres

/// What is open to everybody: health, documents, and the problem pages.
struct OpenEndpoints {
    let shared: NodeShared
    let database: Database
    let pages: ProblemPages

    var operations: [Operation] {
        [
            index, health("/healthz", id: "getHealth"), health("/livez", id: "getLiveness"), readiness,
            metrics, yaml, json, problem,
        ] + linkedPages
    }

    private var index: Operation {
        let answer = Response.object { w in
            w.field("name", "Keybell")
            w.field("version", Release.version)
            w.object("links") { w in
                w.field("contract", "/openapi.yaml")
                w.field("health", "/healthz")
                w.field("readiness", "/readyz")
                w.field("metrics", "/metrics")
                w.field("me", "/v1/me")
                w.field("keys", "/v1/keys")
                w.field("events", "/v1/events")
            }
        }
        return Endpoint(
            "/", id: "getIndex", requires: .none,
            atOnce: { request, _ in
                try request.parameters().finish()
                return answer
            })
    }

    private func health(_ path: String, id: String) -> Operation {
        Endpoint(
            path, id: id, requires: .none,
            atOnce: { request, _ in
                try request.parameters().finish()
                return .object { w in w.field("status", "ok") }
            })
    }

    private var readiness: Operation {
        Endpoint(.get, "/readyz", id: "getReadiness", requires: .none) { request, _ in
            try request.parameters().finish()
            let readiness = await Readiness.of(shared, database)
            let response = Response.json(readiness.isReady ? .ok : .serviceUnavailable) {
                readiness.write(to: &$0)
            }
            return readiness.isReady ? response : response.header(.retryAfter, "1")
        }
    }

    private var metrics: Operation {
        Endpoint(.get, "/metrics", id: "getMetrics", requires: .permissionUnlessLocal(.metricsRead)) {
            request, _ in
            try request.parameters().finish()
            return .text(shared.metrics.render(), type: "text/plain; version=0.0.4; charset=utf-8")
        }
    }

    private var yaml: Operation { document("/openapi.yaml", id: "getContractYAML", type: "application/yaml") }
    private var json: Operation { document("/openapi.json", id: "getContractJSON", type: "application/json") }

    private func document(_ path: String, id: String, type: String) -> Operation {
        let bytes = Assets.bytes(String(path.dropFirst())) ?? []
        return Endpoint(
            path, id: id, requires: .none,
            atOnce: { request, _ in
                try request.parameters().finish()
                return Response(.ok, type: type, body: .bytes(bytes))
            })
    }

    private var linkedPages: [Operation] {
        [
            page("/alerts", id: "getAlertPage", file: "alert.html"),
            page("/deposit", id: "getDepositPage", file: "deposit.html"),
            page("/invitations", id: "getInvitationPage", file: "password.html"),
            page("/password", id: "getPasswordPage", file: "password.html"),
        ]
    }

    private func page(_ path: String, id: String, file: String) -> Operation {
        let page = WebPage.response(file)
        return Endpoint(
            path, id: id, requires: .none,
            atOnce: { request, _ in
                try request.parameters().finish()
                return page
            })
    }

    private var problem: Operation {
        Endpoint(.get, "/problems/{code}", id: "getProblem", requires: .none, errors: [.notFound]) {
            request, _ in
            try request.parameters().finish()
            guard let page = pages.page(request.pathParameter("code"), for: request) else {
                throw Problem.notFound("problem")
            }
            return page
        }
    }
}
