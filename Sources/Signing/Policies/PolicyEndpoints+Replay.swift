import Access
import Exchanges
import HTTPServer
import JSON
import Kernel
import Keys

/// What a draft would have said of what was asked, what would be enough, and documents to begin with.
extension PolicyEndpoints {
    func trying(at route: PolicyRoute) -> Operation {
        Operation(
            .post, route.path + "/draft/replay", id: "replay\(route.noun)PolicyDraft",
            requires: route.reading, errors: [.notFound, .keyTampered],
            bodyLimit: Self.bodyBytes, repeats: .nothing
        ) { try await replay($0, $1, route) }
    }

    var proposal: Operation {
        Operation(
            .get, "/v1/keys/{key_id}/policy/proposal", id: "proposeKeyPolicy",
            requires: .scoped(.policiesRead), errors: [.notFound, .keyTampered], bodyLimit: 0,
            handle: propose)
    }

    private nonisolated(nonsending) func replay(
        _ request: Request, _ context: Context, _ route: PolicyRoute
    ) async throws -> Response {
        try request.parameters().finish()
        let place = try route.place(request)
        try await book.require(.policiesRead, at: place, context)
        var since = context.now - .days(30)
        if !request.body.isEmpty {
            var fields = try await request.fields(limit: Self.bodyBytes)
            let time = fields.parsed(optional: "since", expected: "an RFC 3339 time") { Timestamp($0) }
            if let time { since = time }
            try fields.finish()
        }
        let draft = try await draft(at: place)
        let policy = try Policy(Fields(Array(draft.document.utf8)), of: place.kind)
        let recorded = try await history.recorded(
            at: place, seenBy: context.rights, since: since, limit: judgesAtMost)
        let proposed = recorded.policies.mapValues { $0.with(policy, of: place.kind) }
        let replay = await PolicyReplay(recorded.uses, from: recorded.policies, to: proposed)
        return Response.object { w in
            replay.writeMembers(to: &w)
            w.members(of: recorded)
        }
    }

    private nonisolated(nonsending) func propose(
        _ request: Request, _ context: Context
    ) async throws -> Response {
        var parameters = try request.parameters()
        let since = parameters.time("since") ?? context.now - .days(30)
        try parameters.finish()
        let id = try request.keyID()
        try await book.require(.policiesRead, at: .key(id), context)
        let recorded = try await history.recorded(of: [id], since: since, limit: judgesAtMost)
        let present = recorded.policies[id] ?? PolicySet(key: nil)
        let others = Set(recorded.notKept.keys)
        let tighter = await TighterPolicy.propose(
            from: recorded.uses, and: others,
            after: try await history.earlier(of: id, since: since, than: recorded), instead: present)
        return Response.object { w in
            w.field("requests", recorded.uses.count)
            w.members(of: recorded)
            w.field("document", tighter?.policy)
            w.array("changes", tighter?.changes ?? []) { w, change in w.value(change) }
            w.field("replay", tighter?.replay)
        }
    }

    var ready: [Operation] {
        [
            Operation(
                .get, "/v1/ready-policies", id: "listReadyPolicies", requires: .scoped(.policiesRead),
                bodyLimit: 0
            ) { request, _ in
                try request.parameters().finish()
                return Response.object { w in
                    w.array("data", ReadyPolicy.allCases) { w, ready in ready.write(to: &w) }
                    w.null("next_cursor")
                }
            },
            Operation(
                .post, "/v1/ready-policies/{name}", id: "fillReadyPolicy",
                requires: .scoped(.policiesRead), errors: [.notFound], bodyLimit: Self.bodyBytes,
                repeats: .nothing
            ) { request, _ in
                try request.parameters().finish()
                guard let ready = ReadyPolicy(rawValue: request.pathParameter("name")) else {
                    throw Problem.notFound("ready policy")
                }
                let policy = try ready.policy(try await request.fields(limit: Self.bodyBytes))
                return Response.json { w in w.value(policy) }
            },
        ]
    }
}

extension JSONWriter {
    /// What was read, and what was not: by what it did, in the vocabulary's order.
    fileprivate mutating func members(of recorded: UsageHistory.Recorded) {
        field("oldest", recorded.oldest?.description)
        field("truncated", recorded.isTruncated)
        object("not_kept") { w in
            for operation in RequestOperation.allCases {
                if let count = recorded.notKept[operation] { w.field(operation.rawValue, count) }
            }
        }
    }
}

extension ReadyPolicy {
    fileprivate func write(to w: inout JSONWriter) {
        w.object { w in
            w.field("name", rawValue)
            w.field("sentence", sentence)
            w.array("parameters", parameters) { w, parameter in
                w.object { w in
                    w.field("name", parameter.rawValue)
                    w.field("required", parameter.isRequired)
                }
            }
        }
    }
}
