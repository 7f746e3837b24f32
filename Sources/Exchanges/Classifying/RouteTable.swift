/// Finds the line of a table that a request is of. Plain paths are found by hash, those with placeholders by
/// a walk; a plain path wins.
struct RouteTable: Sendable {
    private struct Place: Hashable {
        let method: RequestDraft.Method
        let host: String
        let path: String
    }

    private var plain: [Place: Route] = [:]
    private var patterns: [(route: Route, segments: [Segment])] = []
    let routes: [Route]

    private enum Segment: Sendable {
        case literal(String)
        /// Without words of its own, an id: it holds a digit, as no other endpoint's name does there. With
        /// `*` it is any name.
        case placeholder(String, oneOf: [String], isAny: Bool)

        init(_ text: Substring) {
            guard text.hasPrefix("{") else {
                self = .literal(String(text))
                return
            }
            let sides = text.dropFirst().dropLast().split(separator: "=", maxSplits: 1)
            let words = sides.count == 2 ? sides[1].split(separator: "|").map(String.init) : []
            let name = sides[0].filter { $0 != "*" }
            self = .placeholder(name, oneOf: words, isAny: sides[0].hasSuffix("*"))
        }
    }

    init(_ routes: [Route]) {
        self.routes = routes
        for route in routes {
            guard route.path.contains("{") else {
                for host in route.hosts {
                    let taken = plain.updateValue(
                        route, forKey: Place(method: route.method, host: host, path: route.path))
                    precondition(taken == nil, "\(route.method.rawValue) \(route.path) is in a table twice")
                }
                continue
            }
            patterns.append((route, Self.segments(route.path).map(Segment.init)))
        }
    }

    func find(_ draft: RequestDraft) -> (route: Route, captures: [String: String])? {
        let place = Place(method: draft.method, host: draft.host, path: draft.path)
        if let route = plain[place] { return (route, [:]) }
        let segments = Self.segments(draft.path)
        for pattern in patterns {
            guard pattern.route.method == draft.method, pattern.route.hosts.contains(draft.host),
                let captures = Self.captures(segments, pattern.segments)
            else { continue }
            return (pattern.route, captures)
        }
        return nil
    }

    private static func captures(_ segments: [Substring], _ pattern: [Segment]) -> [String: String]? {
        guard segments.count == pattern.count else { return nil }
        var captures: [String: String] = [:]
        for (segment, wanted) in zip(segments, pattern) {
            switch wanted {
            case .literal(let text): guard segment == text else { return nil }
            case .placeholder(let name, let words, let isAny):
                guard isName(segment, oneOf: words, isAny: isAny) else { return nil }
                captures[name] = String(segment)
            }
        }
        return captures
    }

    private static func isName(_ segment: Substring, oneOf words: [String], isAny: Bool) -> Bool {
        guard words.isEmpty else { return words.contains(String(segment)) }
        let isNumbered = segment.utf8.contains { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return CanonicalPath.isName(segment) && (isAny || isNumbered)
    }

    private static func segments(_ path: String) -> [Substring] {
        path.split(separator: "/", omittingEmptySubsequences: false)
    }
}
