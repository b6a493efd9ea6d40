//! What is known in advance about this machine: limits and privileges that will decide before anything is opened.

use super::{Act, Plan};
use crate::option::Adjust;
use crate::socket::{Address, Family, Role, Type};

/// What the machine can tell without a socket call.
pub struct Machine<'a> {
    /// A number of /proc/sys, by its dotted name.
    pub sysctl: &'a dyn Fn(&str) -> Option<i64>,
    /// Whether this process has a capability, by its name (`CAP_NET_RAW`).
    pub capable: &'a dyn Fn(&str) -> bool,
}

/// One sentence for each thing that will not turn out as written.
pub fn caveats(plan: &Plan, machine: &Machine<'_>) -> Vec<String> {
    let mut all = plan.warnings.clone();
    all.extend(backlog(plan, machine));
    all.extend(port(plan, machine));
    all.extend(raw(plan, machine));
    for step in &plan.steps {
        if let Act::Set(set) = &step.act {
            all.extend(option(set, machine));
        }
    }
    all
}

fn backlog(plan: &Plan, machine: &Machine<'_>) -> Option<String> {
    let asked = plan.steps.iter().find_map(|s| match s.act {
        Act::Listen(backlog) => Some(backlog),
        _ => None,
    })?;
    let most = (machine.sysctl)("net.core.somaxconn")?;
    (i64::from(asked) > most).then(|| {
        format!("the backlog {asked} is above net.core.somaxconn = {most}: the kernel keeps {most} without a word")
    })
}

fn port(plan: &Plan, machine: &Machine<'_>) -> Option<String> {
    let (Address::Inet { port, .. }, Role::Serve, true) =
        (&plan.address, plan.role, plan.triple.has_ports())
    else {
        return None;
    };
    let first = (machine.sysctl)("net.ipv4.ip_unprivileged_port_start")?;
    let low = *port != 0 && i64::from(*port) < first;
    (low && !(machine.capable)("CAP_NET_BIND_SERVICE")).then(|| {
        format!("port {port} is below net.ipv4.ip_unprivileged_port_start = {first}: bind needs CAP_NET_BIND_SERVICE")
    })
}

fn raw(plan: &Plan, machine: &Machine<'_>) -> Option<String> {
    let raw = plan.triple.ty == Type::Raw && plan.triple.family != Family::Unix;
    (raw && !(machine.capable)("CAP_NET_RAW"))
        .then(|| "raw sockets need CAP_NET_RAW: socket will be refused".into())
}

fn option(set: &super::SetOption, machine: &Machine<'_>) -> Option<String> {
    let row = set.option.row?;
    if let Some(privilege) = row
        .privilege
        .filter(|p| p.starts_with("CAP_") && !(machine.capable)(p))
    {
        return Some(format!(
            "{} may need {privilege}, which this process has not",
            row.name
        ));
    }
    let asked = match set.payload.bytes.get(..4).map(<[u8; 4]>::try_from) {
        Some(Ok(int)) => i64::from(i32::from_ne_bytes(int)),
        _ => return None,
    };
    match row.adjust {
        Adjust::DoubledCapped { sysctl, .. } | Adjust::Capped { sysctl } => {
            let most = (machine.sysctl)(sysctl)?;
            (asked > most).then(|| {
                format!(
                    "{} {asked} is above {sysctl} = {most}: the kernel will use {most}",
                    row.name
                )
            })
        }
        _ => None,
    }
}
