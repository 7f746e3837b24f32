import Access
import Events
import JSON
import Kernel
import Postgres

/// An alert that somebody resolved: its group is watched anew from there on, so that whatever makes it fire
/// next opens another alert. It is read from the feed as all else is, so it takes its place among the
/// group's events, whichever node watches the group.
struct HandResolution {
    let key: StateKey
    let at: Timestamp
    let place: EventPosition

    private static let find = Statement(
        "alert_resolved_by_hand",
        """
        select a.id, a.rule, a.group_key from alert a where a.id = any ($1::uuid[]) and not exists (
            select from alert n where n.rule = a.rule and n.group_key = a.group_key and n.state = 'firing')
        """)

    /// In the feed's order. Of a group that fires again already, what was resolved before matters no more.
    nonisolated(nonsending) static func read(
        from page: HorizonReader.Page, in source: any Queryable
    ) async throws -> [HandResolution] {
        let resolved = page.events.compactMap { row -> (alert: AlertID, row: FeedEvent)? in
            guard row.type == .alertResolved, row.event.data["resolved_by"]?.asString != nil,
                let alert = row.subject.flatMap({ AlertID($0) })
            else { return nil }
            return (alert, row)
        }
        guard !resolved.isEmpty else { return [] }
        var keys: [AlertID: StateKey] = [:]
        for row in try await source.query(find, .idArray(Array(Set(resolved.map(\.alert))))) {
            keys[row.id(0)] = StateKey(row.id(1), groupKey: row.bytes(2))
        }
        return resolved.compactMap { alert, row in
            keys[alert].map { HandResolution(key: $0, at: row.at, place: row.position) }
        }
    }
}
