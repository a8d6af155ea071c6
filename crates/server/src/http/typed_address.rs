//! An address as somebody typed it into a form.

use sekisho_model::{EmailAddress, EmailAddressRefusal};
use sekisho_provider::rules::parameters::Parameters;

use super::pages::AddressProblem;

/// Of what is longer than any address, so much is shown again.
const MOST: usize = 320;

/// What stands in `field`, to be shown again, and the address that it is.
pub(super) fn typed_address(
    form: &Parameters,
    field: &str,
) -> (String, Result<EmailAddress, EmailAddressRefusal>) {
    let typed = form.first(field).unwrap_or_default();
    let typed: String = typed.chars().take(MOST).collect();
    let address = EmailAddress::parse(&typed);
    (typed, address)
}

impl From<EmailAddressRefusal> for AddressProblem {
    fn from(refusal: EmailAddressRefusal) -> Self {
        match refusal {
            EmailAddressRefusal::Empty => Self::Empty,
            EmailAddressRefusal::Shape | EmailAddressRefusal::TooLong => Self::Shape,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_address_is_shown_again_and_not_without_end() {
        let form = Parameters::decode(format!("email={}", "a".repeat(70_000)).as_bytes());
        let (typed, address) = typed_address(&form, "email");
        assert_eq!(typed.len(), MOST);
        assert!(matches!(
            address.map_err(AddressProblem::from),
            Err(AddressProblem::Shape)
        ));
        let (typed, address) = typed_address(&form, "other");
        assert_eq!(typed, "");
        assert!(matches!(
            address.map_err(AddressProblem::from),
            Err(AddressProblem::Empty)
        ));
    }
}
