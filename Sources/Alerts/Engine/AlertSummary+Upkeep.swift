import Events
import JSON

/// What watches the desk, and what keeps the service going.
extension AlertSummary {
    /// Rules, routes, silences, heartbeats and webhooks; nil for events that are about something else.
    static func watchSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .ruleWeakened: return "security rule \(f["name"]) was \(f["change"])\(f.by)\(f.reason)"
        case .ruleSuspended: return "alert rule \(f["name"]) was suspended\(f.reason)"
        case .ruleExpiring: return "alert rule \(f["name"]) ends at \(f["expires_at"])"
        case .ruleExpired: return "alert rule \(f["name"]) ended at \(f["expires_at"])"
        case .routeChanged: return "route \(f["name"]) of alerts was \(f["change"])\(f.by)"
        case .silenceCreated:
            return "\(f.person) silenced what matches \(f["matchers"]) until \(f["ends_at"])\(f.reason)"
        case .silenceEnded:
            let silence = "the silence of what matches \(f["matchers"])"
            return "\(silence) is over, it hid \(f["hidden"]) messages\(f.reason)"
        case .maintenanceWindowChanged:
            return "maintenance window \(f["name"]) was \(f["change"])\(f.by)\(f.reason)"
        case .heartbeatMissed:
            let last = f.event["last_ping_at"]?.asString.map { "nothing since \($0)" } ?? "nothing came yet"
            return "\(f["name"]) is silent: \(last), due at \(f["due_at"])"
        case .heartbeatRecovered: return "\(f["name"]) is back after \(f["down_seconds"]) seconds"
        case .endpointDegraded: return "webhook \(f["name"]) fails (\(f["failures"]) in a row)"
        case .endpointDisabled: return "webhook \(f["name"]) was disabled\(f.reason)"
        case .endpointRecovered: return "webhook \(f["name"]) works again"
        case .endpointChanged:
            let isMoved = f["host"] != f["previous_host"]
            let place = isMoved ? ", to \(f["host"]) in place of \(f["previous_host"])" : ""
            return "webhook \(f["name"]) was changed\(f.by) (\(f["changed"]))\(place)"
        case .endpointDeleted: return "webhook \(f["name"]) to \(f["host"]) was deleted\(f.by)"
        case .messageExhausted: return "a message for webhook \(f["name"]) was given up"
        case .secretRotationDue: return "the secret of webhook \(f["name"]) is \(f["days_old"]) days old"
        case .endpointCertificateExpiring:
            return "the client certificate of webhook \(f["name"]) lapses in \(f["days_left"]) days"
        default: return nil
        }
    }

    static func upkeepSentence(_ type: EventType, _ f: Words) -> String? {
        switch type {
        case .jobFailed: return "job \(f["job"]) \(f["outcome"])"
        case .auditCheckpointed: return "the audit trail was checkpointed (\(f["entries"]) entries)"
        case .eventHorizonLagging: return "events lag \(f["lag_seconds"]) seconds behind"
        case .systemSealed: return "Keybell was sealed\(f.by)\(f.reason)"
        case .systemUnsealed: return "a node of Keybell was unsealed (\(f.plain("way")))"
        case .rootKeyRotated: return "Keybell has another root key\(f.by) (\(f["way"]))"
        case .keyEncryptionKeyRotated:
            return "Keybell has another key-encryption key\(f.by), \(f["rewrapped"]) values moved to it"
        case .sealedValueTampered:
            return "a sealed value was altered past the service (\(f["found_in"]), \(f["row"]))"
        case .awayBegan:
            return "a node lost its database at \(f["began_at"]) and let exits of \(f["keys"]) keys go"
        case .awayEnded:
            return "away mode of a node is over, \(f["uses"]) exits left by it: \(f.plain("reason"))"
        case .awayJournalRefused:
            return "somebody changed journal \(f["journal"]) of away mode (line \(f["line"])): \(f["reason"])"
        default: return nil
        }
    }
}
