/// The routes of a table by what an exchange cannot do without: which of them are complete with a request's
/// parameters is found without a walk over all of them.
struct OtherRoutes: Sendable {
    final class Candidate: Sendable {
        let route: Route
        /// Of each group, one is enough.
        fileprivate let needs: [[String]]

        fileprivate init(route: Route, needs: [[String]]) { (self.route, self.needs) = (route, needs) }

        fileprivate func isComplete(with names: [String]) -> Bool {
            needs.allSatisfy { $0.contains(where: names.contains) }
        }
    }

    private struct OfOperation: Sendable {
        /// Those that need nothing.
        var always: [Candidate] = []
        /// Each under the names of one of its groups.
        var byName: [String: [Candidate]] = [:]
    }

    private var operations: [RequestOperation: OfOperation] = [:]

    /// Routes that state what they need.
    init(_ routes: [Route]) {
        for route in routes {
            guard let required = route.required else { continue }
            // `a|b` is one of two.
            let needs = required.sorted().map { $0.split(separator: "|").map(String.init) }
            let candidate = Candidate(route: route, needs: needs)
            guard let first = needs.first else {
                operations[route.operation, default: OfOperation()].always.append(candidate)
                continue
            }
            for name in first {
                operations[route.operation, default: OfOperation()].byName[name, default: []].append(
                    candidate)
            }
        }
    }

    /// Complete with those parameters; one that takes either of two may come twice.
    func candidates(for operation: RequestOperation, _ names: [String]) -> [Candidate] {
        guard let known = operations[operation] else { return [] }
        var found = known.always
        for name in names {
            for candidate in known.byName[name] ?? [] where candidate.isComplete(with: names) {
                found.append(candidate)
            }
        }
        return found
    }
}
