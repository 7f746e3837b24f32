package import Access
package import Events
import HTTPServer
import JSON
import Kernel
import Postgres

/// Groups and who is in them.
package struct GroupEndpoints {
    private let ledger: Ledger

    package init(ledger: Ledger) { self.ledger = ledger }

    package var operations: [Operation] {
        let (read, write) = (Requirement.permission(.groupsRead), Requirement.permission(.groupsWrite))
        let (one, members) = ("/v1/groups/{group_id}", "/v1/groups/{group_id}/members")
        return [
            Endpoint(.get, "/v1/groups", id: "listGroups", requires: read, handle: list),
            Endpoint(
                .post, "/v1/groups", id: "createGroup", requires: write, errors: [.alreadyExists],
                handle: create),
            Endpoint(.get, one, id: "getGroup", requires: read, errors: [.notFound], handle: get),
            Endpoint(
                .put, one, id: "replaceGroup", requires: write,
                errors: [.notFound, .alreadyExists, .preconditionFailed, .preconditionRequired],
                handle: replace),
            Endpoint(
                .delete, one, id: "deleteGroup", requires: write,
                errors: [.notFound, .conflict, .preconditionFailed], bodyLimit: 0, stepUp: .recently,
                handle: delete),
            Endpoint(
                .get, members, id: "listGroupMembers", requires: read, errors: [.notFound],
                handle: listMembers),
            Endpoint(
                .post, members, id: "addGroupMember", requires: write,
                errors: [.notFound, .conflict, .lastOwner], stepUp: .recently, handle: add),
            Endpoint(
                .delete, members + "/{principal_id}", id: "removeGroupMember", requires: write,
                errors: [.notFound], bodyLimit: 0, stepUp: .recently, handle: remove),
        ]
    }
}

// MARK: Groups

extension GroupEndpoints {
    private nonisolated(nonsending) func list(_ request: Request, _ context: Context) async throws -> Response
    {
        var parameters = try request.parameters()
        let query = parameters.text("q", 1...100)
        let expected = "the id of a user or service account"
        let member = parameters.parsed("principal_id", expected: expected) { PrincipalID($0) }
        let page = PageRequest(&parameters, default: GroupSort.newest)
        try parameters.finish()
        let rows = try await ledger.database.query(
            GroupStore.list,
            parameters: [.text(query?.lowercased()), .uuid(member?.uuid)] + page.parameters)
        return page.response(rows.map(Group.init)) { group in
            (.time(group.createdAt), group.id.uuid)
        } write: { w, group in
            w.object { w in group.writeFields(to: &w) }
        }
    }

    private nonisolated(nonsending) func get(_ request: Request, _ context: Context) async throws -> Response
    {
        try await GroupStore.find(try groupID(request), in: ledger.database).response()
    }

    private nonisolated(nonsending) func create(_ request: Request, _ context: Context) async throws
        -> Response
    {
        try request.refuseParameters()
        var fields = try await request.fields(limit: 64 * 1_024)
        let (name, description) = (fields.name(), fields.text(optional: "description"))
        try fields.finish()
        let group = Group(
            id: ledger.newID(), name: name, description: description, createdAt: context.now,
            createdBy: context.actor.principal?.description ?? "", updatedAt: context.now)
        return try await ledger.change(context) { change in
            try await GroupStore.insert(group, in: change.transaction)
            change.note(group, "created")
            return try await GroupStore.find(group.id, in: change.transaction).response(.created)
        }.header(.location, "/v1/groups/\(group.id)")
    }

    private nonisolated(nonsending) func replace(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try groupID(request)
        var fields = try await request.fields(limit: 64 * 1_024)
        let (name, description) = (fields.name(), fields.text(optional: "description"))
        try fields.finish()
        return try await ledger.change(context) { change in
            var group = try await GroupStore.locked(id, in: change.transaction)
            try request.match(revision: group.revision, required: true)
            if (name, description) != (group.name, group.description) {
                (group.name, group.description, group.updatedAt) = (name, description, context.now)
                group.revision += 1
                try await GroupStore.update(group, in: change.transaction)
                change.note(group, "changed")
            }
            return try await GroupStore.find(id, in: change.transaction).response()
        }
    }

    /// A group that is granted nothing.
    private nonisolated(nonsending) func delete(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try groupID(request)
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let group = try await GroupStore.locked(id, in: change.transaction)
            try request.match(revision: group.revision, required: false)
            try await GroupStore.delete(id, in: change.transaction)
            change.note(group, "deleted")
        }
        return Response(.noContent)
    }

    private func groupID(_ request: Request) throws -> GroupID {
        try request.refuseParameters()
        return try request.id("group_id", "group") { GroupID($0) }
    }
}

// MARK: Members

extension GroupEndpoints {
    private nonisolated(nonsending) func listMembers(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try request.id("group_id", "group") { GroupID($0) }
        var parameters = try request.parameters()
        let page = PageRequest(&parameters, default: MemberSort.oldest)
        try parameters.finish()
        _ = try await GroupStore.find(id, in: ledger.database)
        let rows = try await ledger.database.query(
            GroupStore.members, parameters: [.id(id)] + page.parameters)
        return page.response(rows.compactMap(GroupMember.init)) { member in
            (.time(member.addedAt), member.principal.uuid)
        } write: { w, member in
            member.write(to: &w)
        }
    }

    /// Adding again changes nothing.
    private nonisolated(nonsending) func add(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try groupID(request)
        var fields = try await request.fields(limit: 64 * 1_024)
        let principal = fields.parsed("principal_id", expected: "the id of a user or service account") {
            PrincipalID($0)
        }
        try fields.finish()
        guard let principal else { throw Problem.wrongField("principal_id", "is required") }
        return try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let group = try await GroupStore.locked(id, in: change.transaction)
            try await change.add(principal, to: group)
            return try await GroupStore.find(id, in: change.transaction).response()
        }
    }

    private nonisolated(nonsending) func remove(_ request: Request, _ context: Context) async throws
        -> Response
    {
        let id = try groupID(request)
        let principal = try request.id("principal_id", "member") { PrincipalID($0) }
        try await ledger.change(context) { change in
            try await OwnerRoster.lock(in: change.transaction)
            let group = try await GroupStore.locked(id, in: change.transaction)
            try await change.remove(principal, from: group)
        }
        return Response(.noContent)
    }
}

extension Group {
    fileprivate func response(_ status: HTTPStatus = .ok) -> Response {
        Response.object(status) { w in writeFields(to: &w) }.etag(revision)
    }
}
