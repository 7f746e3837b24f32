import Access
import Events
import JSON

extension Alert {
    /// What `alert.resolved` tells.
    func resolution(_ mark: Mark, origin: String) -> NewEvent {
        let notice = AlertNotice(
            alert: id, rule: rule, severity: severity, state: .resolved, summary: summary, advice: advice,
            labels: labels, group: group, count: count, firstAt: firstAt, lastAt: lastAt, event: event,
            url: Alert.url(of: id, origin: origin))
        var data = notice.data
        _ = data.append("resolved_by", mark.by.map { .string($0) } ?? .null)
        _ = data.append("note", mark.note.map { .string($0) } ?? .null)
        return NewEvent(.alertResolved, subject: id, data: data)
    }
}
