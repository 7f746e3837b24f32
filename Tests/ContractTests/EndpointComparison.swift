import JSON

/// What contract and router must agree on about one endpoint.
struct EndpointFacts: Hashable {
    let method: String
    let path: String
    let id: String
    let permission: String
    /// Whoever has the permission on something is let in.
    let isScoped: Bool
    let errorCodes: Set<String>
    /// `factor within 300 s, on a condition`; nil asks for none.
    var stepUp: String?
    /// No session opens it.
    var tokensOnly = false

    var name: String { "\(method) \(path)" }
}

enum EndpointComparison {
    /// Every difference as a sentence, in the order of the names; none when both sides agree.
    static func differences(contract: [EndpointFacts], router: [EndpointFacts]) -> [String] {
        let written = Dictionary(grouping: contract, by: \.name)
        let registered = Dictionary(grouping: router, by: \.name)
        return Set(written.keys).union(registered.keys).sorted().flatMap { name -> [String] in
            switch (written[name] ?? [], registered[name] ?? []) {
            case (let a, let b) where a.count > 1 || b.count > 1: ["\(name): stands more than once"]
            case (let a, let b) where a.isEmpty || b.isEmpty:
                [a.isEmpty ? "\(name): is not in openapi.yaml" : "\(name): is not in the router"]
            case (let a, let b): zip(a, b).flatMap(differences)
            }
        }
    }

    private static func differences(_ contract: EndpointFacts, _ router: EndpointFacts) -> [String] {
        var found: [String] = []
        if contract.id != router.id {
            found.append("\(contract.name): operationId \(contract.id), in the router \(router.id)")
        }
        if contract.permission != router.permission {
            found.append(
                "\(contract.name): permission \(contract.permission), in the router \(router.permission)")
        }
        if contract.isScoped != router.isScoped {
            found.append("\(contract.name): x-scoped \(contract.isScoped), in the router \(router.isScoped)")
        }
        if contract.stepUp != router.stepUp {
            let sides = [contract.stepUp, router.stepUp].map { $0 ?? "none" }
            found.append("\(contract.name): step-up \(sides[0]), in the router \(sides[1])")
        }
        if contract.tokensOnly != router.tokensOnly {
            found.append("\(contract.name): access tokens only on one side")
        }
        let unwritten = router.errorCodes.subtracting(contract.errorCodes).sorted()
        if !unwritten.isEmpty {
            found.append("\(contract.name): openapi.yaml lacks \(unwritten.joined(separator: ", "))")
        }
        let unraised = contract.errorCodes.subtracting(router.errorCodes).sorted()
        if !unraised.isEmpty {
            found.append("\(contract.name): the router lacks \(unraised.joined(separator: ", "))")
        }
        return found
    }
}

extension Contract {
    /// The contract's side of the comparison.
    var endpointFacts: [EndpointFacts] {
        operations.map {
            EndpointFacts(
                method: $0.method, path: $0.path, id: $0.id ?? "", permission: $0.permission ?? "",
                isScoped: $0.isScoped,
                errorCodes: Set($0.errorCodes), stepUp: Self.stepUp($0.body["x-step-up"]),
                tokensOnly: $0.body["security"] == Self.accessTokens)
        }
    }

    static let accessTokens: JSONValue = [["accessToken": []]]

    private static func stepUp(_ said: JSONValue?) -> String? {
        guard let level = said?["level"]?.asString, let seconds = said?["within_seconds"]?.asInt else {
            return nil
        }
        let exemption = said?["exempt"]?.asString.map { ", exempt \($0)" } ?? ""
        let condition = said?["when"]?.asString == nil ? "" : ", on a condition"
        return "\(level) within \(seconds) s\(exemption)\(condition)"
    }
}
