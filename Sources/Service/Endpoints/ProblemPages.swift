import HTTPServer
import JSON

/// The pages behind `type` of a problem document, as openapi.yaml writes them.
struct ProblemPages {
    private let problems: JSONObject

    init() {
        let contract = Assets.bytes("openapi.json").flatMap { bytes in
            try? JSONValue.parse(bytes, limits: JSONLimits(textBytes: 16 << 20))
        }
        problems = contract?["components"]?["x-problem-codes"]?.asObject ?? JSONObject()
    }

    /// - Parameter name: a code; hyphens may stand for its underscores.
    func page(_ name: String, for request: Request) -> Response? {
        let code = String(name.map { $0 == "-" ? "_" : $0 })
        guard let problem = problems[code] else { return nil }
        if prefersHTML(request) { return html(code, problem) }
        return .object { w in
            w.field("code", code)
            for name in Self.fields { w.field(name, problem[name] ?? .null) }
        }
    }

    private static let fields = ["status", "title", "meaning", "remedy"]

    /// Browsers name it; what takes anything gets JSON.
    private func prefersHTML(_ request: Request) -> Bool {
        guard let list = request.head.headers.list(.accept), let types = AcceptedTypes(list) else {
            return false
        }
        return list.contains("text/html") && types.weight(of: "text/html") > 0
            && types.weight(of: "text/html") >= types.weight(of: "application/json")
    }

    private func html(_ code: String, _ problem: JSONValue) -> Response {
        let (title, meaning, remedy) = (
            text(problem, "title"), text(problem, "meaning"), text(problem, "remedy")
        )
        let status = problem["status"]?.asInt.map { "\($0)" } ?? ""
        let page = """
            <!doctype html>
            <html lang="en"><meta charset="utf-8">
            <meta name="viewport" content="width=device-width, initial-scale=1"><title>\(title)</title>
            <h1>\(title)</h1>
            <p>Status \(status), code <code>\(code)</code></p>
            <h2>What it means</h2>
            <p>\(meaning)</p>
            <h2>What to do</h2>
            <p>\(remedy)</p>
            </html>

            """
        return .text(page, type: "text/html; charset=utf-8")
    }

    private func text(_ problem: JSONValue, _ name: String) -> String {
        (problem[name]?.asString ?? "").reduce(into: "") { text, character in
            switch character {
            case "<": text += "&lt;"
            case ">": text += "&gt;"
            case "&": text += "&amp;"
            default: text.append(character)
            }
        }
    }
}
