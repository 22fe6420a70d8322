//! May it be given this way: mode and setting (R21, RK57).

use super::choose::{fits_mode, fits_setting};
use super::context::Context;
use super::table::{RuleId, Said};

/// The service may be given in the mode.
pub fn mode(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|s| !fits_mode(s, ctx.encounter)) else {
        return vec![];
    };
    let modes = service.modes.iter().map(|m| m.mode.as_str()).collect::<Vec<_>>().join(", ");
    let said = Said::new(
        RuleId::ModeNotAllowed,
        "/mode",
        format!("The service '{}' may not be given by '{}'.", service.key, ctx.encounter.mode),
        format!("The peer corrects the mode if it was one of: {modes}."),
    );
    vec![said.by(service.written("modes"))]
}

/// The service may be given in the setting.
pub fn setting(ctx: &Context) -> Vec<Said> {
    let Some(service) = ctx.service.filter(|s| !fits_setting(s, ctx.encounter)) else {
        return vec![];
    };
    let settings =
        service.settings.iter().map(|s| s.setting.as_str()).collect::<Vec<_>>().join(", ");
    let setting = ctx.encounter.setting;
    let said = Said::new(
        RuleId::SettingNotAllowed,
        "/setting",
        format!("The service '{}' may not be given in the setting '{setting}'.", service.key),
        format!("The peer corrects the setting if it was one of: {settings}."),
    );
    vec![said.by(service.written("settings"))]
}

#[cfg(test)]
mod tests {
    use crate::domain::codes::{Mode, Modifier, Setting};
    use crate::domain::rules::testing::{Case, carc, split};

    #[test]
    fn rk57_mode_of_the_service() {
        let case = Case::with(|c| {
            c.terms.pack.services[0].modes.retain(|m| m.mode == Mode::InPerson);
            c.encounter.mode = Mode::Audio;
        });
        assert_eq!(case.only("mode.not_allowed").field, "/mode");
        assert_eq!(split(&case.decide()), (0, 4));
        let line = &case.decide().lines[0];
        assert_eq!((line.modifiers.len(), line.place.as_str()), (1, "11"));
    }

    #[test]
    fn rk57_the_mode_adds_modifiers_and_its_place() {
        let case = Case::with(|c| c.encounter.mode = Mode::Video);
        assert!(case.rules().is_empty());
        let line = case.decide().lines.remove(0);
        let modifiers: Vec<_> = line.modifiers.iter().map(Modifier::as_str).collect();
        assert_eq!((modifiers.as_slice(), line.place.as_str()), (&["HE", "GT"][..], "10"));
    }

    #[test]
    fn r21_setting_of_the_service() {
        let case = Case::with(|c| c.encounter.setting = Setting::Jail);
        assert_eq!(carc(&case.only("setting.not_allowed")), Some("58"));
        assert_eq!(case.decide().lines[0].place.as_str(), "09");
    }
}
