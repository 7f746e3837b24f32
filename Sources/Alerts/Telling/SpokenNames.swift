import Access
import Events
import JSON
import Kernel
import Postgres
import Webhooks

/// The names of those who did what is said of an alert, by their ids: for receivers whose owners may know
/// people. The event, which more may read, has the ids alone.
enum SpokenNames {
    private static let fields = [
        "acknowledged_by", "assigned_to", "assigned_by", "resolved_by", "author_id",
    ]

    nonisolated(nonsending) static func added(
        to messages: [Message], in transaction: Transaction
    ) async throws -> [Message] {
        let spoken = messages.map { message -> [PrincipalID] in
            // Most messages are these, and nobody did anything about them yet.
            if message.type == EventType.alertFiring.name { return [] }
            return fields.compactMap { message.data[$0]?.asString.flatMap { PrincipalID($0) } }
        }
        let everybody = Set(spoken.joined())
        guard !everybody.isEmpty else { return messages }
        let names = try await ActorNames.names(of: Array(everybody), in: transaction)
        return zip(messages, spoken).map { message, spoken in
            var known = JSONObject()
            for id in spoken {
                if let name = names[id.uuid] { _ = known.append(id.description, .string(name)) }
            }
            guard known.count > 0 else { return message }
            var message = message
            message.add("names", .object(known), forWhoHas: .usersRead)
            return message
        }
    }
}
