//! Every parameter of every endpoint: missing, empty, repeated, huge, of a wrong type, in a wrong
//! encoding. Each gets the error its specification names, on the channel it names, and what is refused
//! leaves nothing behind. The tables say what is expected, [`wrongs`] how a value can be wrong,
//! [`remains`] what could be left.

mod authorization;
mod direct;
mod people;
mod registration;
mod remains;
mod sizes;
mod wrongs;
