import Kernel

/// https://www.gate.com/docs/developers/apiv4/en
enum GateTable {
    static let classifier = RequestClassifier(
        .gate, reads + cancels + spotOrders + futuresOrders + money + settings, formats: [host[0]: [.json]])

    static let host = ["main"]
    static let futures = "/api/v4/futures/{settle=usdt|btc}/"
    static let delivery = "/api/v4/delivery/{settle=usdt|btc}/"

    private static let reads: [Route] =
        Route.reads(
            host, "/api/v4/",
            """
            spot/fee spot/batch_fee spot/accounts spot/account_book spot/open_orders spot/orders
            spot/orders/{order_id*} spot/my_trades spot/price_orders spot/price_orders/{order_id}
            wallet/deposit_address wallet/withdrawals wallet/deposits wallet/saved_address wallet/fee
            wallet/total_balance wallet/withdraw_status wallet/order_status wallet/small_balance_history
            unified/accounts unified/borrowable unified/transferable unified/transferables unified/risk_units
            unified/unified_mode unified/interest_records margin/accounts margin/account_book
            margin/funding_accounts margin/transferable margin/user/account margin/cross/accounts
            margin/cross/account_book account/detail account/rate_limit account/debit_fee rebate/user/info
            options/accounts options/account_book options/positions options/positions/{contract*}
            options/position_close options/orders options/orders/{order_id*} options/my_trades
            options/my_settlements options/mmp
            """)
        + Route.reads(
            host, futures,
            """
            accounts account_book positions positions/{contract*} get_leverage/{contract*}
            dual_comp/positions/{contract*} orders orders_timerange orders/{order_id*} my_trades
            my_trades_timerange position_close position_close_timerange liquidates auto_deleverages fee
            price_orders price_orders/{order_id} autoorder/v1/trail/list autoorder/v1/trail/detail
            """)
        + Route.reads(
            host, delivery,
            """
            accounts account_book positions positions/{contract*} orders orders/{order_id*} my_trades
            position_close liquidates settlements price_orders price_orders/{order_id}
            """)

    private static let cancels = Route.list(
        host, .cancel,
        """
        DELETE /api/v4/spot/orders
        DELETE /api/v4/spot/orders/{order_id*}
        POST /api/v4/spot/cancel_batch_orders
        POST /api/v4/spot/countdown_cancel_all
        DELETE /api/v4/spot/price_orders
        DELETE /api/v4/spot/price_orders/{order_id}
        DELETE /api/v4/spot/pov_orders
        DELETE /api/v4/spot/pov_orders/{order_id}
        DELETE \(futures)orders
        DELETE \(futures)orders/{order_id*}
        POST /api/v4/futures/{settle=usdt|btc|USDT|BTC}/batch_cancel_orders
        POST \(futures)countdown_cancel_all
        DELETE \(futures)price_orders
        DELETE \(futures)price_orders/{order_id}
        POST \(futures)autoorder/v1/trail/stop
        POST \(futures)autoorder/v1/trail/stop_all
        POST \(futures)autoorder/v1/chase/stop
        POST \(futures)autoorder/v1/chase/stop_all
        DELETE \(delivery)orders
        DELETE \(delivery)orders/{order_id*}
        DELETE \(delivery)price_orders
        DELETE \(delivery)price_orders/{order_id}
        DELETE /api/v4/options/orders
        DELETE /api/v4/options/orders/{order_id*}
        POST /api/v4/options/countdown_cancel_all
        """)

    private static let money: [Route] =
        [
            .withdraw(
                host, .post, "/api/v4/withdrawals",
                .body("currency! amount! chain! address memo withdraw_order_id withdraw_id asset_class")
            ) { p throws(MeaningProblem) in
                WithdrawalIntent(
                    asset: try p.needed("currency"), network: try p.word("chain"),
                    address: try p.needed("address"),
                    tag: try p.word("memo"), amount: try p.decimal("amount"))
            }
        ]
        // To another user of the exchange.
        + Route.list(host, .withdraw, "POST /api/v4/withdrawals/push receive_uid currency amount")
        + Route.list(
            host, .transfer,
            """
            POST /api/v4/wallet/transfers currency from to amount
            POST /api/v4/wallet/sub_account_transfers currency sub_account direction amount
            POST /api/v4/wallet/sub_account_to_sub_account currency sub_account_from sub_account_to amount
            """)
}
